"""The regression: verdicts become estimates with intervals one can rely on.

``fit`` measures every judge; ``regress`` explains verdicts by any columns; ``detectable`` and ``items_needed`` plan an
audit. The formulas and their measured coverage are in ``docs/methods.md``.
"""

from judgeaudit.regression.assembly import fit
from judgeaudit.regression.bmj import bmj_interval
from judgeaudit.regression.bootstrap import cluster_bootstrap
from judgeaudit.regression.design import Calls, Design, tabulate
from judgeaudit.regression.grades import grade, holm
from judgeaudit.regression.logit import regress
from judgeaudit.regression.matrices import facet_design, utility_design
from judgeaudit.regression.panels import convene, self_preference
from judgeaudit.regression.power import clusters_for, detectable, half_widths, items_needed
from judgeaudit.regression.stopping import confidence_sequence, effect_so_far, hybrid_interval, verdict_so_far
from judgeaudit.regression.validity import invalid_share

__all__ = [
    "Calls",
    "Design",
    "bmj_interval",
    "cluster_bootstrap",
    "clusters_for",
    "confidence_sequence",
    "convene",
    "detectable",
    "effect_so_far",
    "facet_design",
    "fit",
    "grade",
    "half_widths",
    "holm",
    "hybrid_interval",
    "invalid_share",
    "items_needed",
    "regress",
    "self_preference",
    "tabulate",
    "utility_design",
    "verdict_so_far",
]
