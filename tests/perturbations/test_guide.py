"""The guide to the perturbations keeps up with them."""

import re
from pathlib import Path

from judgeaudit.perturbations import DEFAULT_FACETS, FACETS

GUIDE = (Path(__file__).parents[2] / "docs" / "perturbations.md").read_text(encoding="utf-8")


def test_the_guide_lists_every_facet_with_its_arm():
    """And no other."""
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (\w+) \|", GUIDE, re.MULTILINE))
    assert rows == {name: facet.arm for name, facet in FACETS.items()}
    default = GUIDE[GUIDE.index("The default set is") : GUIDE.index("each is worded")]
    assert set(re.findall(r"`([\w.]+)`", default)) == set(DEFAULT_FACETS)


def test_the_lines_of_the_guide_run(tmp_path, monkeypatch):
    """In the order in which they stand."""
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL):
        exec(block, names)  # noqa: S102 our own guide
    assert {f"style_reward.authority.{arm}" for arm in ("citation", "aside")} <= set(names["terms"])
    assert "mine.txt" in {path.name for path in tmp_path.iterdir()}
