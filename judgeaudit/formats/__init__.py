"""Reads and writes what other programs read and write."""

from judgeaudit.formats.pairs import read_pairs, write_pairs
from judgeaudit.formats.review import Opinion, read_review, write_review
from judgeaudit.formats.rows import write_rows

__all__ = ["Opinion", "read_pairs", "read_review", "write_pairs", "write_review", "write_rows"]
