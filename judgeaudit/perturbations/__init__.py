"""One answer becomes a controlled pair: style, facts, placebo; the catalogue stands at the door."""

from judgeaudit.perturbations.canvas import Canvas, Facet, NotApplicable, Treatment
from judgeaudit.perturbations.catalogue import DEFAULT_FACETS, FACETS, PLACEBOS
from judgeaudit.perturbations.crossed import perturb, sample_items
from judgeaudit.perturbations.edits import apply_edits

__all__ = [
    "DEFAULT_FACETS",
    "FACETS",
    "PLACEBOS",
    "Canvas",
    "Facet",
    "NotApplicable",
    "Treatment",
    "apply_edits",
    "perturb",
    "sample_items",
]
