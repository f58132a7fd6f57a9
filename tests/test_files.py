"""Files appear whole or not at all."""

import stat
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


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """What, where, and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"file/x: cannot be written \(File exists\).*free space.*name a place"):
        write_whole(tmp_path / "file" / "x", "text")
