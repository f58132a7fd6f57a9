"""The guide to the report keeps up with the report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from judgeaudit.assets import load_fixture
from judgeaudit.gates import load_policy

GUIDE = Path(__file__).parents[2] / "docs" / "reading-the-report.md"


@pytest.fixture(scope="module")
def guide() -> str:
    """Return the text of the guide."""
    return GUIDE.read_text(encoding="utf-8")


def test_every_code_stands_in_the_guide(guide):
    """No code is missing and none is made up."""
    assert set(re.findall(r"JA\d{3}", guide)) == set(load_fixture("findings"))


def test_the_policy_of_the_guide_is_valid(guide, tmp_path):
    """A reader who copies it gets a policy that loads."""
    block = re.search(r"```yaml\n(.*?)```", guide, re.DOTALL)
    assert block
    (tmp_path / "gates.yaml").write_text(block[1], encoding="utf-8")
    assert [limit.term for limit in load_policy(tmp_path / "gates.yaml").limits][-1] == "style_reward.*"
