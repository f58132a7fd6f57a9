"""Files that appear whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from judgeaudit.errors import UsageError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a file to write beside ``path``, which takes its place at the end; only its owner can read it.

    Raises
    ------
    UsageError
        When the place cannot be written to; what stood there still stands.
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
