"""The regression: verdicts become estimates with intervals one can rely on.

``fit`` measures every judge; ``regress`` explains verdicts by any columns. The formulas and their measured coverage are
in ``docs/methods.md``.
"""

from judgeaudit.regression.assembly import fit
from judgeaudit.regression.bmj import bmj_interval
from judgeaudit.regression.design import Calls, Design, facet_design, tabulate, utility_design
from judgeaudit.regression.grades import grade, holm
from judgeaudit.regression.logit import regress

__all__ = [
    "Calls",
    "Design",
    "bmj_interval",
    "facet_design",
    "fit",
    "grade",
    "holm",
    "regress",
    "tabulate",
    "utility_design",
]
