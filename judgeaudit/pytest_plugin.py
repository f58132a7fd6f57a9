"""Assertions about judges for a test suite, and the stored run they speak about; inert unless used.

::

    import pytest
    from judgeaudit.pytest_plugin import assert_no_bias, assert_truth_over_style

    @pytest.mark.judge_audit("runs/july")
    def test_our_judge_does_not_care_for_position(judge_audit):
        assert_no_bias(judge_audit, "position", max_abs=0.05)
        assert_truth_over_style(judge_audit, max_trade=0.5)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from judgeaudit.records import Audit, Pair, Status, Verdict
    from judgeaudit.reports.changes import Recorded

OnInconclusive = Literal["fail", "pass"]
EXAMPLES = 2


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the stored run."""
    group = parser.getgroup("judgeaudit")
    group.addoption("--judgeaudit-run", metavar="DIR", help="the stored run that the judge_audit fixture replays")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that names a stored run for one test."""
    config.addinivalue_line("markers", "judge_audit(run): replay the judge audit stored in the directory 'run'")


@pytest.fixture
def judge_audit(request: pytest.FixtureRequest) -> Recorded:
    """Return a stored run, of the test's ``judge_audit`` marker or ``--judgeaudit-run``; no judge is called."""
    from judgeaudit.errors import JudgeAuditError
    from judgeaudit.pipeline import load_run

    marker = request.node.get_closest_marker("judge_audit")
    stated = marker.args[0] if marker and marker.args else request.config.getoption("--judgeaudit-run")
    if stated is None:
        pytest.fail("no stored run: mark the test with judge_audit('DIR') or give --judgeaudit-run DIR", pytrace=False)
    path = Path(stated)
    try:
        return load_run(path if path.is_absolute() else request.config.rootpath / path)
    except JudgeAuditError as error:
        pytest.fail(str(error), pytrace=False)


def assert_no_bias(
    run: Audit | Recorded,
    term: str,
    *,
    max_abs: float,
    judge: str | None = None,
    on_inconclusive: OnInconclusive = "fail",
) -> None:
    """Assert that an effect lies within ``max_abs`` of zero for every judge, or for one, on its whole interval.

    Parameters
    ----------
    run
        An audit, or a stored run, whose pairs then serve as examples.
    term
        ``position``, ``style_reward``, ``style_reward.<facet>``, ``masking``, ``placebo`` ...
    max_abs
        The largest effect that does not matter, on the term's own scale.
    judge
        Name of one judge; None for all.
    on_inconclusive
        Whether an interval that reaches across the limit fails the test.

    Raises
    ------
    AssertionError
        With estimate, interval, limit, two examples and the path of the run.
    """
    _hold(run, {term: {"max_abs": max_abs}}, judge, on_inconclusive)


def assert_truth_over_style(
    run: Audit | Recorded, *, max_trade: float = 0.5, judge: str | None = None, on_inconclusive: OnInconclusive = "fail"
) -> None:
    """Assert that full style treatment buys back at most ``max_trade`` of one factual error, on the whole interval.

    Raises
    ------
    AssertionError
        With estimate, interval, limit, two examples and the path of the run.
    """
    _hold(run, {"exchange_rate": {"max": max_trade}}, judge, on_inconclusive)


def assert_no_regression(
    run: Audit | Recorded,
    baseline: Audit | Recorded | str | Path,
    *,
    margin: float = 0.10,
    on_inconclusive: OnInconclusive = "pass",
) -> None:
    """Assert that no judge got worse than in a baseline by more than ``margin`` of net preference.

    Paired where both are stored runs that asked the same.

    Parameters
    ----------
    run
        An audit, or a stored run, whose pairs then serve as examples.
    baseline
        What it is held to: an audit, a stored run, or the path of a run directory or its ``audit.json``.
    margin
        How much worse any quantity may be.
    on_inconclusive
        Whether an interval that reaches across the margin fails the test.

    Raises
    ------
    AssertionError
        With every change that matters, before, after and interval, the margin, two examples and the path of the run.
    """
    from judgeaudit.reports.changes import compare, tell

    comparison = compare(_loaded(baseline), run, margin=margin)
    if not comparison.changes:
        raise AssertionError(f"nothing to compare: the runs share no judge\n{tell(comparison)}")
    if comparison.status in _bad(on_inconclusive):
        broken = [change for change in comparison.changes if change.status in _bad(on_inconclusive)]
        limit = f"limit: no quantity worse by more than {margin:g}, on the whole interval of the change"
        grounds = _grounds(run, {change.judge for change in broken}, all(c.term == "position" for c in broken))
        raise AssertionError("\n".join([tell(comparison).rstrip(), limit, *grounds]))


def _loaded(baseline: Audit | Recorded | str | Path) -> Audit | Recorded:
    from judgeaudit.pipeline import load_run
    from judgeaudit.reports import load_audit

    if not isinstance(baseline, str | Path):
        return baseline
    return load_run(baseline) if Path(baseline).is_dir() else load_audit(baseline)


def _bad(on_inconclusive: OnInconclusive) -> tuple[Status, ...]:
    return ("FAIL", "INCONCLUSIVE") if on_inconclusive == "fail" else ("FAIL",)


def _hold(
    run: Audit | Recorded, policy: Mapping[str, Mapping[str, float]], judge: str | None, on_inconclusive: OnInconclusive
) -> None:
    from judgeaudit.gates import gate
    from judgeaudit.records import Audit

    audit = run if isinstance(run, Audit) else run.audit
    if judge is not None:
        audit = audit.model_copy(update={"judges": (audit.judge(judge),)})
    broken = [finding for finding in gate(audit, policy) if finding.status in _bad(on_inconclusive)]
    if not audit.judges:
        raise AssertionError("the audit holds no judge, so nothing about judges can be asserted")
    if broken:
        told = [f"{finding.status} {finding.code} {finding.sentence}" for finding in broken]
        grounds = _grounds(run, {f.judge for f in broken}, all(f.rule == "position" for f in broken))
        raise AssertionError("\n".join([*told, *grounds]))


def _grounds(run: Audit | Recorded, judges: Collection[str], by_place: bool) -> list[str]:
    """Return two examples of what these judges did, and where the run is."""
    from judgeaudit.records import Audit

    if isinstance(run, Audit):
        return []
    verdicts = [verdict for verdict in run.verdicts if verdict.trial.judge in judges]
    first, second = (_flips, _examples) if by_place else (_examples, _flips)
    lines = first(run.pairs, verdicts) or second(run.pairs, verdicts)
    path = getattr(run, "path", None)
    return [*lines, f"run: {path}"] if path is not None else lines


def _flips(pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> list[str]:
    from judgeaudit.reports import gallery
    from judgeaudit.reports.safe import one_line

    return [
        f"example: {one_line(pair.question, 100)}\n  {judge} took the {place} answer in both orders, of:\n"
        f"  {one_line(pair.a.text, 100)}\n  {one_line(pair.b.text, 100)}"
        for pair, judge, place in gallery.flipped(pairs, verdicts, EXAMPLES)
    ]


def _examples(pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> list[str]:
    from judgeaudit.reports import gallery
    from judgeaudit.reports.safe import one_line

    return [
        f"example: {one_line(exhibit.pair.question, 100)}\n"
        f"  fooled {', '.join(exhibit.fooled)} into: {one_line(exhibit.pair.b.text, 100)}\n"
        f"  against: {one_line(exhibit.pair.a.text, 100)}"
        for exhibit in gallery.choose(pairs, verdicts, EXAMPLES)
    ]
