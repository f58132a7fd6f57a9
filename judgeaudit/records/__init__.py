"""The nouns: frozen, strict records in which the rooms of judgeaudit speak to each other.

No numpy and no I/O here. A record is immutable, refuses unknown fields, and says what each field means.
"""

from judgeaudit.records.base import Identifier, Record, Severity, digest, digest_row
from judgeaudit.records.estimates import Audit, Counts, Estimate, Finding, Grade, JudgeAudit, Reliability, Scale, Status
from judgeaudit.records.items import FACT_KINDS, Distractor, Fact, FactKind, Item
from judgeaudit.records.pairs import CONTRASTS, CROSSED, Answer, Check, Contrast, Edit, FactualError, Pair, Style
from judgeaudit.records.verdicts import (
    OUTCOMES,
    Choice,
    JudgeSpec,
    Order,
    Outcome,
    Panel,
    Protocol,
    Reading,
    Reply,
    Showing,
    Trial,
    Usage,
    Verdict,
    trial_key,
)

__all__ = [
    "CONTRASTS",
    "CROSSED",
    "FACT_KINDS",
    "OUTCOMES",
    "Answer",
    "Audit",
    "Check",
    "Choice",
    "Contrast",
    "Counts",
    "Distractor",
    "Edit",
    "Estimate",
    "Fact",
    "FactKind",
    "FactualError",
    "Finding",
    "Grade",
    "Identifier",
    "Item",
    "JudgeAudit",
    "JudgeSpec",
    "Order",
    "Outcome",
    "Pair",
    "Panel",
    "Protocol",
    "Reading",
    "Record",
    "Reliability",
    "Reply",
    "Scale",
    "Severity",
    "Showing",
    "Status",
    "Style",
    "Trial",
    "Usage",
    "Verdict",
    "digest",
    "digest_row",
    "trial_key",
]
