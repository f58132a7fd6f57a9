"""The model matrices of the utility layer: position, truth and style, and what may stand behind style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from judgeaudit.records import CONTRASTS
from judgeaudit.regression.bmj import Floats, Ints
from judgeaudit.regression.design import CODING, PLACEBO, PROFILES, Calls, Design, Sharing
from judgeaudit.regression.newton import Rows, distinct_rows

CODED = np.array([CODING[contrast] for contrast in CONTRASTS])
"""Differences in truth, style and their product, by contrast code, shape (contrasts, 3)."""


def crossed(calls: Calls) -> Calls:
    """Leave the pairs of plain/styled x true/false: placebos differ in nothing a model knows, profiles in no style."""
    return calls.where(calls.contrast < PLACEBO)


def base_columns(contrast: Ints, s: Ints, *, two_orders: bool) -> dict[str, Floats]:
    """Return the columns every utility has: position where pairs are shown, truth, style, truth x style."""
    position = {"position": s.astype(np.float64)} if two_orders else {}
    return position | dict(zip(("truth", "style", "style_x_truth"), CODED[contrast].T, strict=True))


def in_both_orders(code: Ints, calls: Calls) -> Ints:
    """Return the row of each call, given the ``code`` (n,) of what it showed: two rows for each, one per order."""
    return np.asarray(2 * code + (calls.s < 0), dtype=np.int64)


def rows_in_both_orders(n: int) -> tuple[Ints, Ints]:
    """Return code and order of the rows to which `in_both_orders` points, each (2 n,)."""
    return np.repeat(np.arange(n), 2), np.tile(np.array([1, -1]), n)


def utility_design(calls: Calls) -> Design:
    """Build the model matrix of the utility: position, truth, style, truth x style.

    Placebo pairs differ in nothing the model knows and are left out.
    """
    calls = crossed(calls)
    contrast, s = rows_in_both_orders(len(CONTRASTS))
    columns = base_columns(contrast, s, two_orders=calls.two_orders)
    return build_design(calls.y, columns, calls.cluster, calls.sharing, in_both_orders(calls.contrast, calls))


def facet_design(calls: Calls) -> Design:
    """Build the model matrix that lets every style facet have its own coefficient.

    A facet's column is its presence in a minus its presence in b, so pairs of complementary profiles bear on all of
    their facets at once. Facets that occur in fewer than two clusters are named as unidentified, and the verdicts that
    bear on them are left out. Each facet's second cluster is its own wording.
    """
    calls = calls.where(calls.contrast != PLACEBO)
    pairs = calls.pairs
    treatment = pairs.treatments.index[calls.pair]
    sparse = np.array([_in_one_cluster(calls, loading) for loading in pairs.loading.T], dtype=bool)
    if sparse.any():
        inside = ~(pairs.treatments.X[:, 1:][:, sparse] != 0).any(axis=1)[treatment]
        calls, treatment = calls.where(inside), treatment[inside]
    code, s = rows_in_both_orders(len(pairs.treatments.X))
    shown = pairs.treatments.X[code]
    columns = base_columns(shown[:, 0].astype(np.int64), s, two_orders=calls.two_orders)
    del columns["style"]
    # A product that nothing identifies must give way to the facets, so they stand to its left.
    product = columns.pop("style_x_truth")
    columns |= {f"style.{name}": shown[:, 1 + f] for f, name in enumerate(pairs.facets) if not sparse[f]}
    columns["style_x_truth"] = product
    sharing = [share for share in calls.sharing if share.name != "template"]
    sharing += [
        Sharing("template", levels.codes[calls.pair], (f"style.{name}",))
        for name, levels in zip(pairs.facets, pairs.templates, strict=True)
    ]
    design = build_design(calls.y, columns, calls.cluster, tuple(sharing), in_both_orders(treatment, calls))
    named = {
        f"style.{name}": "occurs in fewer than two clusters"
        for name, few in zip(pairs.facets, sparse, strict=True)
        if few
    }
    profiles = int((calls.contrast == PROFILES).sum())
    return replace(design, unidentified=named | design.unidentified, recipe=design.recipe | {"profiles": profiles})


def _in_one_cluster(calls: Calls, loading: Floats) -> bool:
    """Tell whether the verdicts on pairs that differ in a facet, ``loading`` (pairs,), are all of one cluster."""
    cluster = calls.cluster[(loading != 0)[calls.pair]]
    return not len(cluster) or bool(cluster.min() == cluster.max())


def dose_design(calls: Calls) -> Design | None:
    """Build the model matrix with a slope over the doses of style; None where all doses are one.

    The slope's column is the difference in style times the dose less the mean dose, so ``style`` stays the reward at
    the mean dose. Pairs of mixed doses are left out.
    """
    calls = crossed(calls)
    dose = calls.pairs.dose[calls.pair]
    styled = CODED[calls.contrast, 1] != 0
    calls, dose = calls.where((dose > 0) | ~styled), dose[(dose > 0) | ~styled]
    seen = dose[CODED[calls.contrast, 1] != 0]
    if not len(seen) or seen.min() == seen.max():
        return None
    doses, level = np.unique(dose, return_inverse=True)
    code, s = rows_in_both_orders(len(CONTRASTS) * len(doses))
    contrast = code // len(doses)
    columns = base_columns(contrast, s, two_orders=calls.two_orders)
    columns["style_dose"] = CODED[contrast, 1] * (doses[code % len(doses)] - seen.mean())
    index = in_both_orders(calls.contrast * len(doses) + level, calls)
    return build_design(calls.y, columns, calls.cluster, calls.sharing, index)


def covariate_design(calls: Calls) -> Design:
    """Build the model matrix with measured covariates beside the utility; unmeasured pairs are left out."""
    calls = crossed(calls)
    calls = calls.where(np.isnan(calls.pairs.measured[calls.pair]).sum(axis=1) == 0)
    measured = calls.pairs.measured[calls.pair]
    columns = base_columns(calls.contrast, calls.s, two_orders=calls.two_orders)
    columns |= {f"covariate.{name}": measured[:, k] for k, name in enumerate(calls.pairs.covariates)}
    return build_design(calls.y, columns, calls.cluster, calls.sharing)


def build_design(
    y: Floats,
    columns: Mapping[str, Floats],
    cluster: Ints,
    sharing: tuple[Sharing, ...] = (),
    index: Ints | None = None,
) -> Design:
    """Assemble a design from named columns, setting aside by name those the data cannot identify.

    Parameters
    ----------
    y, cluster
        Response and cluster code of each verdict, shape (n,).
    columns
        By name, one value per verdict or, with ``index``, one per row that verdicts point to.
    sharing
        What verdicts share besides their cluster.
    index
        Row of each verdict, shape (n,).
    """
    names = tuple(columns)
    height = len(y) if index is None else int(index.max(initial=-1)) + 1
    X = (
        np.column_stack([np.asarray(x, dtype=np.float64)[:height] for x in columns.values()])
        if names
        else np.empty((height, 0))
    )
    rows = distinct_rows(X) if index is None else Rows(X, index).used()
    reasons = unidentified(rows.X * np.sqrt(rows.count)[:, None], names)
    kept = [i for i, name in enumerate(names) if name not in reasons]
    recipe = {"columns": [names[i] for i in kept], "rows": len(y), "left_out": dict(reasons)}
    rows = Rows(rows.X[:, kept], rows.index)
    return Design(y, rows, tuple(names[i] for i in kept), cluster, sharing, reasons, recipe)


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
