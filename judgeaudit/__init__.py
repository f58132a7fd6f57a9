"""Measures how much an LLM judge pays for style and how much it pays for truth.

>>> import judgeaudit as ja
>>> items = ja.load_items("core")
>>> pairs = ja.verify(ja.perturb(items, n_items=9, seed=7))
>>> verdicts = ja.ask(pairs, judges=["simulated/truth-only"])
>>> audit = ja.fit(pairs, verdicts)
>>> audit.judges[0].name
'truth-only'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from judgeaudit.checks import check_set, verify
    from judgeaudit.collection import ask
    from judgeaudit.errors import JudgeAuditError
    from judgeaudit.gates import gate
    from judgeaudit.items import load_items
    from judgeaudit.judges import CallableJudge, SimulatedJudge, Taste
    from judgeaudit.perturbations import perturb
    from judgeaudit.pipeline import audit, run
    from judgeaudit.records import Audit, Item, JudgeSpec, Pair, Verdict
    from judgeaudit.regression import fit
    from judgeaudit.reports import explain, load_audit, report

_HOMES = {
    "Audit": "records",
    "CallableJudge": "judges",
    "Item": "records",
    "JudgeAuditError": "errors",
    "JudgeSpec": "records",
    "Pair": "records",
    "SimulatedJudge": "judges",
    "Taste": "judges",
    "Verdict": "records",
    "ask": "collection",
    "audit": "pipeline",
    "check_set": "checks",
    "explain": "reports",
    "fit": "regression",
    "gate": "gates",
    "load_audit": "reports",
    "load_items": "items",
    "perturb": "perturbations",
    "report": "reports",
    "run": "pipeline",
    "verify": "checks",
}

__version__ = "0.1.0"
__all__ = [
    "Audit", "CallableJudge", "Item", "JudgeAuditError", "JudgeSpec", "Pair", "SimulatedJudge", "Taste", "Verdict",
    "ask", "audit", "check_set", "explain", "fit", "gate", "load_audit", "load_items", "perturb", "report", "run",
    "verify",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'judgeaudit' has no attribute {name!r}; it has: {', '.join(__all__)}")
    value = getattr(importlib.import_module(f"judgeaudit.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
