"""Files appear whole or not at all, and only their owner can read them."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

from judgeaudit.errors import UsageError

_TRIES: Final = 5
_LONGEST_PREFIX: Final = 200
"""Characters of a name that its part takes over: what is added must fit, too."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give the path of a file to write, which takes the place of ``path`` when the block ends well.

    Missing folders are made; where anything fails, what was written so far is removed and ``path`` stays as it was.
    Several may write the same file at once: each has a part of its own, and the last one done stands.

    Raises
    ------
    UsageError
        For a place that cannot be written, or a disk that is full.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(path.parent)
        descriptor, part = _new_part(path)
        try:
            yield part
            os.fsync(descriptor)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
            os.close(descriptor)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written ({error.strerror}); nothing there has changed: "
            "free space if it lacks, or name a place you may write to"
        ) from error


def write_whole(path: Path, text: str) -> None:
    """Write a text file as `whole_file` does; line ends stay as they are."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


def _new_part(path: Path) -> tuple[int, Path]:
    """Make a file that nobody else has, and hold it, so that it is not taken for a leftover."""
    for _ in range(_TRIES):
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:_LONGEST_PREFIX]}.", suffix=".part", dir=path.parent)
        _hold(descriptor)
        if os.path.lexists(name):
            return descriptor, Path(name)
        os.close(descriptor)  # it was taken for a leftover before it was held
    raise FileNotFoundError(errno.ENOENT, "what is written there is taken away at once")


@cache
def _sweep(folder: Path) -> None:
    """Remove the parts in a folder that killed processes left, those that nobody holds; once a process."""
    for part in folder.glob(".*.????????.part"):
        with suppress(OSError):  # somebody holds it, or it is not ours to remove
            descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                if _hold(descriptor):
                    part.unlink()
            finally:
                os.close(descriptor)


def _hold(descriptor: int) -> bool:
    """Lock a file; return whether that was possible: nobody else has locked it, and the system has locks."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True
