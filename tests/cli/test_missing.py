"""What a run says of the cells that brought no reply."""

from __future__ import annotations

from judgeaudit.cli.missing import missing_lines
from judgeaudit.records import Trial, Verdict


def cell(judge: str, number: int, reason: str = "", raw: str = "") -> Verdict:
    """Return a cell that was lost for a reason, or a valid one."""
    trial = Trial(pair_id=f"p{number}", judge=judge)
    if not reason:
        return Verdict(trial=trial, outcome="valid", choice="a", preference=1.0)
    return Verdict(trial=trial, outcome="missing", reason=reason, raw=raw)


def test_each_judge_says_why_and_what_to_do() -> None:
    """The breaker is explained by what opened it, the endpoint quoted without escapes; a full judge is silent."""
    lost = [cell("dead", n, "breaker: authentication") for n in range(5)]
    lost += [cell("dead", 9, "authentication", "the endpoint answered 401: bad \x1b[31mkey\x1b[0m " + "x" * 500)]
    lines = list(missing_lines([*lost, cell("dear", 1, "budget"), cell("dear", 2), cell("fine", 1)]))
    text = " ".join(" ".join(lines).split())
    assert "dead: 6 of 6 cells are missing: breaker: authentication (5), authentication (1)" in text
    assert "The endpoint did not accept the key." in text
    assert "For example: the endpoint answered 401: bad key xxx" in text
    assert "dear: 1 of 2 cells are missing: budget (1) The call could have crossed max_cost_usd" in text
    assert "fine" not in text
    assert max(map(len, lines)) <= 80


def test_nothing_is_said_where_nothing_is_missing() -> None:
    """No line at all."""
    assert not list(missing_lines([cell("fine", 1)]))
