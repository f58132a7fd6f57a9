"""The manipulation check: does a pair differ in what it says, and only there?"""

from __future__ import annotations

from collections.abc import Mapping

from judgeaudit.assets import load_fixture
from judgeaudit.checks.files import FileReport, check_file, load_pairs
from judgeaudit.checks.pairs import verify
from judgeaudit.checks.sets import Separability, SetReport, check_set

REASONS: Mapping[str, str] = load_fixture("reasons")
"""What each reason code means, in a sentence."""

__all__ = ["REASONS", "FileReport", "Separability", "SetReport", "check_file", "check_set", "load_pairs", "verify"]
