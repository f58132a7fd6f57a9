"""Files appear whole or not at all."""

import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from judgeaudit.errors import UsageError
from judgeaudit.files import whole_file, write_whole


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """Readers see the old content or the new, never a part, and no temporary file stays."""
    target = tmp_path / "new folder" / "audit.json"
    write_whole(target, "old\r\n")
    with pytest.raises(UnicodeEncodeError):
        write_whole(target, "new \ud800")
    with suppress(RuntimeError), whole_file(target) as part:
        part.write_text("half")
        raise RuntimeError
    assert target.read_bytes() == b"old\r\n"
    assert list(target.parent.iterdir()) == [target]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_what_lies_in_the_way_is_neither_followed_nor_kept(tmp_path: Path) -> None:
    """A link that somebody planted leads nowhere, and a file that all may read does not become ours."""
    victim, target = tmp_path / "victim", tmp_path / "x.csv"
    victim.write_text("precious")
    for plant in (lambda part: part.symlink_to(victim), lambda part: (part.touch(), part.chmod(0o666))):
        plant(part := tmp_path / "x.csv.part")
        write_whole(target, "secret")
        assert victim.read_text() == "precious"
        assert target.read_text() == "secret"
        assert not target.is_symlink()
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        part.unlink(missing_ok=True)


def test_two_who_write_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Each has a part of its own, which the other leaves alone, and the last one done stands."""
    target = tmp_path / "rows.jsonl"
    with whole_file(target) as first:
        first.write_text("first")
        write_whole(target, "second")
        assert target.read_text() == "second"
    assert target.read_text() == "first"
    assert list(tmp_path.iterdir()) == [target]


def test_what_killed_processes_left_goes_with_the_next_write(tmp_path: Path) -> None:
    """Parts do not pile up, and are in nobody's way."""
    target = tmp_path / "audit [1].json"
    code = f"""
import os, signal
from pathlib import Path
from judgeaudit.files import whole_file
with whole_file(Path({str(target)!r})) as part:
    part.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    for _ in range(3):
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
        assert len(list(tmp_path.iterdir())) == 1
    write_whole(target, "whole")
    assert list(tmp_path.iterdir()) == [target]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """What, where, and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"file/x: cannot be written \(File exists\).*free space.*name a place"):
        write_whole(tmp_path / "file" / "x", "text")
