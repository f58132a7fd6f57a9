"""Files appear whole or not at all, and only their owner can read them."""

from __future__ import annotations

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
        For a place that cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.touch(mode=0o600)
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}); name a place you may write to") from error
