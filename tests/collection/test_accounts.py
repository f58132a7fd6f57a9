"""What was asked and paid adds up: in verdicts, in the store, in progress, after a crash, whatever shares a call."""

import asyncio
import signal
import subprocess
import sys
from math import fsum
from pathlib import Path

import pytest

from judgeaudit.collection import Progress, ask
from judgeaudit.collection.ledger import Ledger
from judgeaudit.errors import JudgeError, PermanentError, TransientError
from judgeaudit.records import Answer, Reply, Showing
from judgeaudit.verdicts import Attempt, Crash, VerdictStore
from tests.collection.worlds import Scripted, make_pairs

ROOT = Path(__file__).parents[2]


async def scores(judge: Scripted, showing: Showing, _: bool) -> Reply:
    """Score the good answer higher, not always, for a dollar a call."""
    return Reply(score=5.0 + ("good" in showing.first.text) - 2 * (len(showing.question) % 3 == 0), cost_usd=1.0)


def test_what_scores_share_is_paid_once_also_where_a_run_stops_when_precise(tmp_path: Path) -> None:
    """The costs of the verdicts are what was spent, and nothing is decided that was not asked; so says a reread."""
    pairs = [pair.model_copy(update={"a": Answer(text=f"good {pair.item_id}")}) for pair in make_pairs(90, 7)]
    judge = Scripted(scores, price=1.0, protocol="score")
    seen: list[Progress] = []
    target = {"conflict_failure": 0.06}
    verdicts = ask(pairs, [judge], store=tmp_path, precision=target, progress=seen.append)
    assert judge.calls < 2 * len(verdicts), "texts are shared"
    assert fsum(verdict.cost_usd for verdict in verdicts) == judge.calls
    assert sum(verdict.attempts for verdict in verdicts) == judge.calls
    assert all(progress.done <= progress.total for progress in seen)
    assert (seen[-1].done, seen[-1].total) == (len(verdicts), len(verdicts))
    with VerdictStore.open(tmp_path) as store:
        assert store.spent_usd() == judge.calls
        assert len(store) == len(verdicts)
    assert ask(pairs, [judge], store=tmp_path, precision=target) == verdicts
    assert seen[-1].attempts == judge.calls


def test_one_text_on_both_sides_is_paid_once(tmp_path: Path) -> None:
    """A placebo may compare a text with itself: one call, one attempt, one cost."""
    pair = make_pairs(1)[0].model_copy(update={"b": Answer(text="good 0 0"), "a": Answer(text="good 0 0")})
    judge = Scripted(scores, price=1.0, protocol="score")
    (verdict,) = ask([pair], [judge], store=tmp_path)
    assert (judge.calls, verdict.attempts, verdict.cost_usd, verdict.choice) == (1, 1, 1.0, "tie")


def test_what_failed_is_on_the_bill_of_a_run_that_was_killed(tmp_path: Path) -> None:
    """Requests that may have been billed are kept as they end, and not only when a reply comes."""
    code = f"""
import asyncio, os, signal
from judgeaudit.collection import ask
from judgeaudit.errors import TransientError
from tests.collection.worlds import Scripted, make_pairs
async def script(judge, *_):
    await asyncio.sleep(0.1)
    if judge.calls > 5:
        os.kill(os.getpid(), signal.SIGKILL)
    raise TransientError("half", reason="malformed")
ask(make_pairs(9), [Scripted(script, price=1.0)], store={str(tmp_path)!r}, concurrency=1, max_cost_usd=100, retries=0)
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with VerdictStore.open(tmp_path) as store:
        assert store.attempts() == {("j", "error", "malformed"): 5}
        assert store.spent_usd() == 5 + 2, "and at most a call in flight, with more room"


def test_a_bug_in_a_judge_costs_nothing_that_is_known(tmp_path: Path) -> None:
    """What had been noted is kept when an exception ends the run; the next run of the store counts the crash."""

    async def breaks(judge: Scripted, *_: object) -> Reply:
        if judge.calls > 3:
            raise RuntimeError("a bug")
        raise TransientError("half", reason="malformed")

    with VerdictStore.create(tmp_path) as store:
        with pytest.raises(RuntimeError, match="a bug"):
            ask(make_pairs(9), [Scripted(breaks, price=1.0)], store=store, concurrency=1, retries=9)
        assert store.attempts() == {("j", "error", "malformed"): 3}
        verdicts = ask(make_pairs(9), [Scripted(scores, price=1.0)], store=store, max_cost_usd=5.5)
        assert {verdict.reason for verdict in verdicts} == {"budget"}, "3 may have been billed, and 2 in flight"
        assert store.crashes() == [Crash(in_flight=1, ceiling_usd=2.0)]


def test_a_failure_that_cannot_be_written_down_reaches_those_who_wait(tmp_path: Path) -> None:
    """Whatever keeps a group from the disk is raised by its commits; what it held is not lost."""
    broken = Attempt("c", "j", 1, "reply", reply=Reply(text="\ud83d"))

    async def steps() -> None:
        with VerdictStore.create(tmp_path) as store:
            ledger = Ledger(store)
            with pytest.raises(ValueError, match="surrogates"):
                await asyncio.wait_for(ledger.commit(broken, []), 5)
            with pytest.raises(ValueError, match="surrogates"):
                ledger.flush()

    asyncio.run(steps())


HALF = (PermanentError("half \ud83d", reason="bad_request"), TransientError("\ud83d", reason="timeout"))


@pytest.mark.parametrize("error", HALF)
def test_an_error_with_half_a_surrogate_pair_is_kept(error: JudgeError, tmp_path: Path) -> None:
    """A judge of one's own may raise what no file can hold."""

    async def script(*_: object) -> Reply:
        raise error

    verdicts = ask(make_pairs(3), [Scripted(script)], store=tmp_path, retries=0)
    assert {verdict.reason for verdict in verdicts} == {error.reason}
    with VerdictStore.open(tmp_path) as store:
        assert store.attempts() == {("j", "error", error.reason): len(verdicts)}


def test_a_listener_that_fails_costs_no_verdict(tmp_path: Path) -> None:
    """Its error comes when all is asked and kept, and the session has ended in order."""

    def listener(_: Progress) -> None:
        raise BrokenPipeError("nobody reads")

    judge = Scripted(scores, price=1.0, protocol="score")
    with pytest.raises(BrokenPipeError):
        ask(make_pairs(30), [judge], store=tmp_path, progress=listener)
    with VerdictStore.open(tmp_path) as store:
        assert len(store) == 30
        assert store.crashes() == []


def test_a_crash_costs_what_was_left_to_ask(tmp_path: Path) -> None:
    """What a killed session may have had in flight is what was not known yet, not the dearest call of all."""

    class ByLength(Scripted):
        def price_ceiling(self, showing: Showing) -> float:
            return 100.0 if len(showing.question) > 100 else 0.001

    dear = make_pairs(1)[0].model_copy(update={"id": "dear", "question": "long " * 50})
    ask([dear], [ByLength(scores, protocol="score")], store=tmp_path)
    with VerdictStore.create(tmp_path) as store:
        ask([dear, *make_pairs(1)], [ByLength(breaks_down, protocol="score")], store=store, retries=0)
        store.begin(1, 0.0)
        sessions = store._rows("SELECT ceiling_usd FROM sessions ORDER BY id")
    assert [ceiling for (ceiling,) in sessions][:2] == [200.0, 0.002]


async def breaks_down(*_: object) -> Reply:
    """Bring no reply."""
    raise TransientError("gone", reason="connection")


def test_a_reply_that_an_earlier_run_has_paid_stays_paid(tmp_path: Path) -> None:
    """A cell that comes before it in the plan, asked by a later run, does not bear the cost once more."""
    first, second = (pair.model_copy(update={"a": Answer(text="good for all")}) for pair in make_pairs(1, 2))
    judge = Scripted(scores, price=1.0, protocol="score")
    ask([second], [judge], store=tmp_path)
    verdicts = ask([first, second], [judge], store=tmp_path)
    assert judge.calls == 3
    assert [verdict.cost_usd for verdict in verdicts] == [1.0, 2.0]
