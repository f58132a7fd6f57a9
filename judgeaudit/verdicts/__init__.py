"""The durable store of everything every judge said."""

from judgeaudit.verdicts.files import Lock, store_file
from judgeaudit.verdicts.schema import SCHEMA_VERSION
from judgeaudit.verdicts.store import Attempt, Crash, Entry, VerdictStore, flat_row

__all__ = ["SCHEMA_VERSION", "Attempt", "Crash", "Entry", "Lock", "VerdictStore", "flat_row", "store_file"]
