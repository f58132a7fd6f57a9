"""Files appear whole or not at all, and only their owner can read them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from judgeaudit.errors import UsageError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give the path of a file to write, which takes the place of ``path`` when the block ends well.

    Missing folders are made; where anything fails, what was written so far is removed and ``path`` stays as it was.

    Raises
    ------
    UsageError
        For a place that cannot be written, or a disk that is full.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.touch(mode=0o600)
        try:
            yield part
            _bring_to_disk(part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written ({error.strerror}); nothing there has changed: "
            "free space if it lacks, or name a place you may write to"
        ) from error


def write_whole(path: Path, text: str) -> None:
    """Write a text file as `whole_file` does; line ends stay as they are."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


def _bring_to_disk(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
