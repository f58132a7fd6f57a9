"""What a person sees while judges are asked."""

from __future__ import annotations

import io
import re
import time
from dataclasses import replace

import pytest
from rich.console import Console

from judgeaudit.cli.progress import Meter, state_of
from judgeaudit.collection import Progress, ask
from tests.collection.worlds import lean, make_pairs
from tests.server import Fault, Request, Server, prefers

HALF = Progress("mini", 50, 100, 49, 0, 55, 3, 12, 0.41, 0.82, 5.0)


def test_the_state_says_how_well_how_dear_and_how_long() -> None:
    """Valid share, refusals, calls in flight, dollars spent, projected and allowed, and the time left."""
    assert state_of(HALF, 200) == "98% valid, 3 x 429, 12 in flight, $0.41 of ~$0.82 (cap $5), 3 min left"
    ended = replace(HALF, done=100, valid=98, in_flight=0, rate_limited=0, missing=1, cap_usd=None)
    assert state_of(ended, 0.0) == "98% valid, 1 missing, $0.41"
    assert state_of(replace(HALF, done=0, cost_usd=0.0, projected_usd=None), None) == "3 x 429, 12 in flight"


@pytest.mark.parametrize(("seconds", "told"), [(5, "5 s"), (120, "2 min"), (7200, "2.0 h")])
def test_the_time_left_is_told_in_the_unit_that_fits(seconds: float, told: str) -> None:
    """Seconds, minutes, hours."""
    assert state_of(HALF, seconds).endswith(f"{told} left")


def test_a_run_is_told_in_plain_lines_where_there_is_no_terminal() -> None:
    """The first line and the last of each judge, with what was refused and what it will cost."""
    said = io.StringIO()

    def script(request: Request) -> str | Fault:
        return Fault(status=429) if request.number == 3 else prefers("good")(request)

    with Server(script, latency_s=0.02) as server, Meter(said) as meter:
        ask(make_pairs(30), [lean(server, price=(1000.0, 1000.0))], progress=meter, max_cost_usd=900)
    first, *_, last = said.getvalue().splitlines()
    assert first.startswith("j: 0/36")
    assert re.fullmatch(r"j: 36/36 100% valid, 1 x 429, \$\d+\.\d\d \(cap \$900\)", last)
    assert len(said.getvalue().splitlines()) <= 3, "half a minute between two lines"


def test_the_pace_is_that_of_the_last_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty cells in 45 seconds leave a minute and a half for the other forty; what the store knew is no pace."""
    said, now = io.StringIO(), time.monotonic()
    meter = Meter(said)
    for seconds, done in ((0, 40), (10, 50), (45, 60)):
        monkeypatch.setattr(time, "monotonic", lambda at=now + seconds: at)
        meter(replace(HALF, done=done))
    assert said.getvalue().splitlines()[-1].endswith("2 min left")


def test_a_narrow_terminal_shows_every_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 80 columns the bar gives way, and nothing of what is told beside it is cut off; names keep their ends."""
    monkeypatch.setenv("COLUMNS", "80")
    meter = Meter(io.StringIO())
    busy = replace(HALF, total=1234, done=1000, missing=7, failed=21, cap_usd=2.5, judge="gpt-4.1-mini-with-rubric-b")
    meter._move_bar(busy, 200.0)
    shown = " ".join(" ".join(part.split()) for part in render(meter).splitlines())
    for part in ("gpt-4…h-rubric-b", "993/1234", "3 x 429", "21 failed", "7 missing", "(cap $2.5)", "3 min left"):
        assert part in shown, shown


def render(meter: Meter) -> str:
    """Return what the bars look like on a terminal of 80 columns."""
    console = Console(file=io.StringIO(), width=80)
    console.print(meter._bars.get_renderable())
    return console.file.getvalue()


def test_who_interrupts_is_told_once_what_happens() -> None:
    """The first word after Ctrl-C says that calls in flight are waited for."""
    said = io.StringIO()
    meter = Meter(said)
    for judge in ("mini", "maxi"):
        meter(replace(HALF, judge=judge, stopping=True))
    assert said.getvalue().count("Ctrl-C again stops at once") == 1
