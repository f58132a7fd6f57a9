"""Reads and writes what other programs read and write."""

from judgeaudit.formats.pairs import read_pairs, write_pairs

__all__ = ["read_pairs", "write_pairs"]
