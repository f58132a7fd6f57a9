"""The doctor finds what is wrong before a run does, and never shows a key."""

import socket
from pathlib import Path

import pytest

from judgeaudit.cli.doctor import examine, file_system
from judgeaudit.judges.transport import load_litellm
from tests.server import Server

KEYS = {"FIRST": "sk-first-planted-4242", "SECOND": "sk-second-planted-4343"}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the doctor says about good and bad judges, with the exit status."""
    folder = tmp_path_factory.mktemp("doctor")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens: a connection is refused
        dead = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with Server(lambda _: "A") as server, pytest.MonkeyPatch.context() as patch:
            for name, value in KEYS.items():
                patch.setenv(name, value)
            patch.delenv("OPENAI_API_KEY", raising=False)
            patch.setenv("ANTHROPIC_API_BASE", "http://elsewhere.example/v1")
            known = load_litellm().model_cost
            for name, end in (("gone-1", "2001-01-01"), ("lasting-1", "2999-01-01")):  # whatever the day of the test
                patch.setitem(known, name, {**known["gpt-4.1-mini"], "deprecation_date": end})
            (folder / "audit.yaml").write_text(
                "items: demo\n"
                "collect: {max_cost_usd: 5}\n"
                "judges:\n"
                "  - {name: gone, model: openai/gone-1, api_key: env:FIRST}\n"
                "  - {name: lasting, model: openai/lasting-1, api_key: env:FIRST}\n"
                "  - {name: unset, model: openai/lasting-1, api_key: env:NOT_SET}\n"
                "  - {name: keyless, model: openai/lasting-1}\n"
                "  - {name: moved, model: anthropic/claude-sonnet-4-5, api_key: env:SECOND}\n"
                f"  - {{name: own, model: openai/m, api_base: '{server.api_base}', api_key: env:SECOND}}\n"
                f"  - {{name: dead, model: openai/m, api_base: '{dead}', price: [1, 2]}}\n"
                "  - {name: endless, model: openai/lasting-1, api_key: env:FIRST, params: {max_tokens: null}}\n"
                "  - {name: coin, model: simulated/coin}\n"
            )
            lines: list[str] = []
            status = examine(folder / "audit.yaml", folder / "not" / "yet", True, lines.append)
            hits = server.hits
    return status, lines, hits


def line(told, start):
    """The only line about something, without its state."""
    (found,) = [text for text in told[1] if text[8:].startswith(start)]
    return found


def test_a_problem_gives_exit_status_2(told):
    """A script can lean on it."""
    assert told[0] == 2


def test_the_instrument_is_calibrated(told):
    """Judges of known taste are found where they are."""
    for name in ("style-only", "truth-only"):
        assert line(told, f"calibration: a judge that is {name}").startswith("ok")


def test_the_disk_of_a_run_yet_to_be_made_is_checked(told):
    """Space and kind of file system, of the nearest folder that exists."""
    assert any("GB free" in text for text in told[1])
    assert any("file system" in text or "local disk" in text for text in told[1])


@pytest.mark.parametrize(
    ("judge", "state", "words"),
    [
        ("gone", "PROBLEM", ("at openai", "retired on", "per million tokens")),
        ("lasting", "ok", ("at openai", "per million tokens", "retires on 2999-01-01")),
        ("unset", "PROBLEM", ("NOT_SET is not set",)),
        ("keyless", "PROBLEM", ("OPENAI_API_KEY not set",)),
        ("moved", "", ("at elsewhere.example",)),
        ("own", "PROBLEM", ("price unknown, so max_cost_usd will be refused",)),
        ("endless", "PROBLEM", ("no limit on a reply, so max_cost_usd will be refused",)),
        ("dead", "ok", ("$1.00 in and $2.00 out",)),
        ("coin", "ok", ("on this machine",)),
    ],
)
def test_a_judge_is_told_with_host_price_and_end(told, judge, state, words):
    """One line for each judge, with what would stop it."""
    found = line(told, f"judge {judge}:")
    assert found.startswith(state)
    for word in words:
        assert word in found


def test_each_key_is_told_with_the_hosts_it_goes_to(told):
    """A key that goes to more than one host is worth a look; the key itself is never shown."""
    assert line(told, "key FIRST") == "ok      key FIRST goes to openai only"
    assert line(told, "key SECOND").startswith("note")
    assert "elsewhere.example" in line(told, "key SECOND")
    assert not any(value in text for value in KEYS.values() for text in told[1])


def test_a_probe_opens_a_connection_and_asks_nothing(told):
    """A server that listens and one that does not are told apart; no request is sent."""
    probed = [text for text in told[1] if "connections" in text or "cannot be reached" in text]
    assert [text.split()[0] for text in probed] == ["ok", "PROBLEM"]
    assert told[2] == 0


MOUNTS = """/dev/sda1 / ext4 rw 0 0
server:/home /srv/home nfs4 rw 0 0
/dev/sdb1 /srv/home/local xfs rw 0 0
//share /mnt/two\\040words cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/runs", "ext4"),
        ("/srv/home/me/runs", "nfs4"),
        ("/srv/home/local/runs", "xfs"),
        ("/srv/homely", "ext4"),
        ("/mnt/two words/runs", "cifs"),
    ],
)
def test_the_innermost_mount_decides(path, kind):
    """A local disk mounted below a network one is local, and a name that only starts alike is elsewhere."""
    assert file_system(Path(path), MOUNTS) == kind
