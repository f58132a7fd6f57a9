"""The assertions speak in intervals, and the plug-in does nothing until it is asked."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from judgeaudit import records
from judgeaudit.config import parse_config
from judgeaudit.pipeline import load_run, run
from judgeaudit.pytest_plugin import assert_no_bias, assert_no_regression, assert_truth_over_style
from judgeaudit.regression import fit

from .reports.audits import audit, judge, known_run, three

SIMULATED = {"name": "styled", "model": "simulated/style-only"}
pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _no_second_copy(monkeypatch):
    """Where judgeaudit is installed its plugin loads by itself, and may not be named a second time."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


class Stored(NamedTuple):
    """A run as the pipeline loads it."""

    audit: records.Audit
    pairs: list[records.Pair]
    verdicts: list[records.Verdict]
    path: Path


def test_a_judge_within_its_limit_passes():
    """Nothing is raised where the whole interval holds."""
    assert_no_bias(audit(judge("mini")), "position", max_abs=0.1)
    assert_truth_over_style(audit(judge("mini")), max_trade=0.5)
    assert_no_bias(three(), "position", max_abs=0.1, judge="mini")


def test_a_biased_judge_fails_with_its_figures():
    """The message names judge, estimate, interval and limit."""
    with pytest.raises(
        AssertionError, match=r"FAIL JA110 smollm2-ab: position effect 0\.83 \[0\.78, 0\.88\].*max_abs 0\.1"
    ):
        assert_no_bias(three(), "position", max_abs=0.1)
    with pytest.raises(AssertionError, match="FAIL JA410 style-only"):
        assert_truth_over_style(three(), judge="style-only")


def test_an_undecided_judge_fails_unless_it_is_let_pass():
    """What cannot be told is the user's choice, and fails by default."""
    made = audit(judge("j", position=0.08))
    with pytest.raises(AssertionError, match="INCONCLUSIVE JA110"):
        assert_no_bias(made, "position", max_abs=0.1)
    assert_no_bias(made, "position", max_abs=0.1, on_inconclusive="pass")


def test_an_audit_without_judges_asserts_nothing():
    """An empty run is not a pass."""
    with pytest.raises(AssertionError, match="holds no judge"):
        assert_no_bias(audit(), "position", max_abs=0.1)


def test_a_stored_run_gives_two_examples_and_its_path():
    """The reader sees what fooled the judge and where to look."""
    run = Stored(*known_run(), path=Path("runs/known"))
    with pytest.raises(AssertionError, match="FAIL JA410 stylish") as caught:
        assert_truth_over_style(run, judge="stylish")
    message = str(caught.value)
    assert message.count("example: When did bridge") == 2
    assert message.endswith("run: runs/known")


def test_a_position_effect_is_shown_by_answers_that_changed_places():
    """The examples of a failed limit on position are pairs on which the judge kept to a place."""
    made, pairs, verdicts = known_run()
    first = [
        verdict.model_copy(update={"choice": choice, "preference": float(choice == "a")})
        for verdict in verdicts
        if verdict.trial.judge == "truthful"
        for choice in ["a" if verdict.trial.order == "ab" else "b"]
    ]
    run = Stored(fit(pairs, first), pairs, first, Path("runs/first"))
    with pytest.raises(AssertionError, match="FAIL JA110 truthful") as caught:
        assert_no_bias(run, "position", max_abs=0.1)
    assert str(caught.value).count("  truthful took the first answer in both orders, of:") == 2
    with pytest.raises(
        AssertionError, match=r"(?s)Worse: truthful.*limit: no quantity worse by more than 0\.1"
    ) as caught:
        assert_no_regression(run, Stored(made, pairs, verdicts, Path("runs/known")))
    assert str(caught.value).count("example: ") == 2
    assert str(caught.value).endswith("run: runs/first")


def test_a_baseline_may_be_a_path(stored):
    """A directory is compared call by call, an audit.json as it is."""
    run = load_run(stored)
    assert_no_regression(run, stored)
    assert_no_regression(run, str(stored / "audit.json"), on_inconclusive="pass")


def test_a_regression_fails_with_what_changed():
    """Worse than the baseline by more than the margin is told with both figures."""
    with pytest.raises(AssertionError, match=r"Worse: j truth sensitivity \+90 -> \+50"):
        assert_no_regression(audit(judge("j", truth=0.5)), audit(judge("j", truth=0.9)))
    assert_no_regression(audit(judge("j")), audit(judge("j")))
    with pytest.raises(AssertionError, match="share no judge"):
        assert_no_regression(audit(judge("j")), audit(judge("k")))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Leave a finished run behind, before pytester takes stock of what is imported."""
    config = parse_config({"items": "core", "design": {"items": 24}, "judges": [SIMULATED]})
    return run(config, tmp_path_factory.mktemp("stored") / "run").path


def test_the_fixture_replays_a_stored_run(stored, pytester):
    """A marked test speaks about what a finished run left behind, and no judge is called."""
    pytester.makepyfile(
        f"""
        import pytest
        from judgeaudit.pytest_plugin import assert_no_bias, assert_truth_over_style

        @pytest.mark.judge_audit({str(stored)!r})
        def test_it(judge_audit):
            assert_no_bias(judge_audit, "position", max_abs=0.5)
            assert_truth_over_style(judge_audit, max_trade=0.1)
        """
    )
    result = pytester.runpytest_inprocess("-p", "judgeaudit.pytest_plugin", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FAIL JA410 styled: exchange rate*", "*example: *", f"*run: {stored}*"])


def test_the_fixture_asks_for_a_stored_run(pytester):
    """Without a run the fixture says what to give it; a suite that does not use it is not touched."""
    pytester.makepyfile("def test_it(judge_audit): pass\ndef test_other(): pass")
    result = pytester.runpytest_inprocess("-p", "judgeaudit.pytest_plugin", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*no stored run: mark the test with judge_audit*"])


def test_a_run_that_is_not_there_is_told_without_a_traceback(pytester):
    """One line says where it was looked for and how to make it."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.judge_audit("runs/nowhere")
        def test_it(judge_audit): pass
        """
    )
    result = pytester.runpytest_inprocess("-p", "judgeaudit.pytest_plugin", "-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*runs/nowhere holds no finished run*"])
    assert "Traceback" not in result.stdout.str()
