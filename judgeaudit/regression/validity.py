"""What truth sensitivity is worth when some of the "false" answers are not false."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from judgeaudit.records import Estimate
from judgeaudit.regression.bmj import LEVEL, SHARE, bmj_interval
from judgeaudit.regression.covariances import wald

MOST_INVALID = 0.15
"""Upper end of the share of invalid pairs above which truth sensitivity is not graded."""


def invalid_share(valid: Sequence[bool], unsure: int = 0, term: str = "invalid_share") -> Estimate:
    """Return the share of pairs in which a reader did not find what was put there, with its interval.

    Parameters
    ----------
    valid
        For each pair that was read, one a cluster, whether what was put there was found.
    unsure
        Pairs of which the reader would not say; they are left out and named in the note.
    term
        What the share is called.

    Returns
    -------
    Estimate
        With the Jeffreys interval, which reaches the bound where all or none are invalid (Brown, Cai and DasGupta 2001,
        doi:10.1214/ss/1009213286); its estimate is None where nothing was read.
    """
    n = len(valid)
    note = f"{unsure} more pairs were read without a decision" if unsure else ""
    if not n:
        return Estimate(judge="", term=term, scale="share", estimate=None, note=note or "no pair was read")
    share = (n - sum(valid)) / n
    low, high = bmj_interval(share, share * (1 - share) / max(n - 1, 1), n, SHARE)
    return Estimate(
        judge="", term=term, scale="share", estimate=share, conf_low=low if share else 0.0,
        conf_high=high if share < 1 else 1.0, n=n, n_clusters=n,
        method="share of a blinded sample, Jeffreys interval", recipe={"level": LEVEL, "invalid": n - sum(valid)},
        note=note,
    )  # fmt: skip


def account_for_invalid_pairs(estimates: Iterable[Estimate], invalid: Estimate | None) -> list[Estimate]:
    """Correct truth sensitivity for pairs whose "false" answer is true, and withhold its grade where too many may be.

    Parameters
    ----------
    estimates
        The estimates of one judge.
    invalid
        Share of invalid pairs with its interval, from a sample that somebody checked; None when nobody did.
    """
    result: list[Estimate] = []
    for estimate in estimates:
        if invalid is None or invalid.estimate is None or not estimate.term.startswith("truth_sensitivity"):
            result.append(estimate)
            continue
        result.append(_withhold(estimate, invalid))
        if estimate.term == "truth_sensitivity" and estimate.std_error is not None:
            result.append(correct(estimate, invalid))
    return result


def _withhold(estimate: Estimate, invalid: Estimate) -> Estimate:
    if invalid.conf_high is not None and invalid.conf_high <= MOST_INVALID:
        return estimate
    most = "an unknown share" if invalid.conf_high is None else f"{invalid.conf_high:.0%}"
    note = f"not graded: up to {most} of the pairs may be invalid, more than {MOST_INVALID:.0%}"
    return estimate.model_copy(update={"grade": "NOT GRADED", "note": _joined(estimate.note, note)})


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def correct(estimate: Estimate, invalid: Estimate) -> Estimate:
    """Divide truth sensitivity by the share of valid pairs, errors of both propagated by the delta method.

    An invalid pair shows two true answers, on which even a perfect judge has no preference; a share e of them shrinks
    truth sensitivity by the factor 1 - e.
    """
    theta, share = estimate.estimate or 0.0, invalid.estimate or 0.0
    valid = 1 - share
    if valid <= 0:
        return Estimate(
            judge=estimate.judge, term="truth_sensitivity_corrected", scale=estimate.scale, estimate=None,
            note="every pair that was read is invalid: nothing is left to correct",
        )  # fmt: skip
    ends = (invalid.conf_low, invalid.conf_high)
    spread = (ends[1] - ends[0]) / 3.92 if ends[0] is not None and ends[1] is not None else 0.0
    share_error = invalid.std_error if invalid.std_error is not None else spread
    variance = ((estimate.std_error or 0.0) / valid) ** 2 + (theta * share_error / valid**2) ** 2
    bound = math.inf if estimate.scale == "points" else 1.0
    statistic, p_value, low, high = wald(theta / valid, variance**0.5, max(estimate.n_clusters - 1, 1))
    return estimate.model_copy(
        update={
            "term": "truth_sensitivity_corrected",
            "estimate": min(max(theta / valid, -bound), bound),
            "std_error": variance**0.5,
            "statistic": statistic,
            "p_value": p_value,
            "conf_low": max(low, -bound),
            "conf_high": min(high, bound),
            "method": f"{estimate.method}, divided by the share of valid pairs (delta method)",
            "recipe": estimate.recipe | {"invalid_share": share, "invalid_share_std_error": share_error},
            "grade": "NOT GRADED",
        }
    )
