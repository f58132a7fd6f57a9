"""The model matrices of the utility layer: position, truth and style, and what may stand behind style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from judgeaudit.records import CONTRASTS
from judgeaudit.regression.bmj import Floats, Ints, count_clusters
from judgeaudit.regression.design import CODING, PLACEBO, PROFILES, Calls, Design, Sharing

CODED = np.array([CODING[contrast] for contrast in CONTRASTS])
"""Differences in truth, style and their product, by contrast code, shape (contrasts, 3)."""


def crossed(calls: Calls) -> Calls:
    """Leave the pairs of plain/styled x true/false: placebos differ in nothing a model knows, profiles in no style."""
    kept = calls.contrast < PLACEBO
    return calls if kept.all() else calls.where(kept)


def base_columns(calls: Calls) -> dict[str, Floats]:
    """Return the columns every utility has: position where pairs are shown, truth, style, truth x style."""
    position = {"position": calls.s.astype(np.float64)} if calls.two_orders else {}
    return position | dict(zip(("truth", "style", "style_x_truth"), CODED[calls.contrast].T, strict=True))


def utility_design(calls: Calls) -> Design:
    """Build the model matrix of the utility: position, truth, style, truth x style.

    Placebo pairs differ in nothing the model knows and are left out.
    """
    calls = crossed(calls)
    return build_design(calls.y, base_columns(calls), calls.cluster, calls.sharing)


def facet_design(calls: Calls) -> Design:
    """Build the model matrix that lets every style facet have its own coefficient.

    A facet's column is its presence in a minus its presence in b, so pairs of complementary profiles bear on all of
    their facets at once. Facets that occur in fewer than two clusters are named as unidentified, and the verdicts that
    bear on them are left out. Each facet's second cluster is its own wording.
    """
    calls = calls.where(calls.contrast != PLACEBO)
    loading = calls.pairs.loading[calls.pair]
    sparse = {
        f"style.{name}": "occurs in fewer than two clusters"
        for name, column in zip(calls.pairs.facets, loading.T, strict=True)
        if count_clusters(calls.cluster[column != 0]) < 2
    }
    kept = np.array([f"style.{name}" not in sparse for name in calls.pairs.facets], dtype=bool)
    if not kept.all():
        inside = ~(loading[:, ~kept] != 0).any(axis=1)
        calls, loading = calls.where(inside), loading[inside]
    columns = base_columns(calls)
    del columns["style"]
    # A product that nothing identifies must give way to the facets, so they stand to its left.
    product = columns.pop("style_x_truth")
    columns |= {f"style.{name}": loading[:, f] for f, name in enumerate(calls.pairs.facets) if kept[f]}
    columns["style_x_truth"] = product
    sharing = [share for share in calls.sharing if share.name != "template"]
    sharing += [
        Sharing("template", levels.codes[calls.pair], (f"style.{name}",))
        for name, levels in zip(calls.pairs.facets, calls.pairs.templates, strict=True)
    ]
    design = build_design(calls.y, columns, calls.cluster, tuple(sharing))
    profiles = int((calls.contrast == PROFILES).sum())
    return replace(design, unidentified=sparse | design.unidentified, recipe=design.recipe | {"profiles": profiles})


def dose_design(calls: Calls) -> Design | None:
    """Build the model matrix with a slope over the doses of style; None where all doses are one.

    The slope's column is the difference in style times the dose less the mean dose, so ``style`` stays the reward at
    the mean dose. Pairs of mixed doses are left out.
    """
    calls = crossed(calls)
    dose = calls.pairs.dose[calls.pair]
    calls = calls.where((dose > 0) | (CODED[calls.contrast, 1] == 0))
    dose, style = calls.pairs.dose[calls.pair], CODED[calls.contrast, 1]
    seen = dose[style != 0]
    if not len(seen) or seen.min() == seen.max():
        return None
    columns = base_columns(calls) | {"style_dose": style * (dose - seen.mean())}
    return build_design(calls.y, columns, calls.cluster, calls.sharing)


def covariate_design(calls: Calls) -> Design:
    """Build the model matrix with measured covariates beside the utility; unmeasured pairs are left out."""
    calls = crossed(calls)
    calls = calls.where(np.isnan(calls.pairs.measured[calls.pair]).sum(axis=1) == 0)
    measured = calls.pairs.measured[calls.pair]
    columns = base_columns(calls)
    columns |= {f"covariate.{name}": measured[:, k] for k, name in enumerate(calls.pairs.covariates)}
    return build_design(calls.y, columns, calls.cluster, calls.sharing)


def build_design(y: Floats, columns: Mapping[str, Floats], cluster: Ints, sharing: tuple[Sharing, ...] = ()) -> Design:
    """Assemble a design from named columns, setting aside by name those the data cannot identify."""
    names = tuple(columns)
    X = np.column_stack(list(columns.values())) if names else np.empty((len(y), 0))
    reasons = unidentified(X, names)
    kept = [i for i, name in enumerate(names) if name not in reasons]
    recipe = {"columns": [names[i] for i in kept], "rows": len(y), "left_out": dict(reasons)}
    return Design(y, X[:, kept], tuple(names[i] for i in kept), cluster, sharing, reasons, recipe)


def unidentified(X: Floats, columns: Sequence[str]) -> dict[str, str]:
    """Return the columns of ``X`` that carry no information of their own, each with the reason.

    A column is set aside when it is zero throughout, or when those to its left already determine it.
    """
    reasons: dict[str, str] = {}
    gram = X.T @ X
    kept: list[int] = []
    for j, name in enumerate(columns):
        if gram[j, j] == 0:
            reasons[name] = "no verdict bears on it"
            continue
        share = np.linalg.solve(gram[np.ix_(kept, kept)], gram[kept, j]) if kept else np.empty(0)
        if gram[j, j] - gram[j, kept] @ share > 1e-9 * gram[j, j]:
            kept.append(j)
        else:
            others = [columns[k] for k, value in zip(kept, share, strict=True) if abs(value) > 1e-6]
            reasons[name] = f"collinear with {', '.join(others)}"
    return reasons
