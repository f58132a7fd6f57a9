"""The manipulation check: does a pair differ in what it says, and only there?"""

from __future__ import annotations

from collections.abc import Mapping

from judgeaudit.assets import load_fixture
from judgeaudit.checks.pairs import verify

REASONS: Mapping[str, str] = load_fixture("reasons")
"""What each reason code means, in a sentence."""

__all__ = ["REASONS", "verify"]
