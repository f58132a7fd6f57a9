"""Measure, on judges of known taste, how often every interval and test of the regression is right.

``python -m benchmarks.campaign_coverage`` prints the tables of ``docs/methods.md``; ``--reps`` sets how many audits are
drawn for each line (2,000 give a Monte-Carlo error of half a point at 95 percent), ``--only`` names one table.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from benchmarks.worlds import NEAR_PERFECT, WORLDS
from judgeaudit.records import Contrast
from judgeaudit.regression.additivity import check_additivity
from judgeaudit.regression.bmj import infer_bounded
from judgeaudit.regression.comparisons import differences
from judgeaudit.regression.design import CODES, CODING, Calls, Levels
from judgeaudit.regression.effects import (
    CONFLICT_FAILURE,
    ESTIMANDS,
    STYLE_REWARD,
    TRUTH_SENSITIVITY,
    Estimand,
    allow_for_sharing,
    combine,
    measure,
    net_cells,
)
from judgeaudit.regression.grades import holm
from judgeaudit.regression.logit import coefficient, fit_logit
from judgeaudit.regression.matrices import CODED, facet_design, utility_design
from judgeaudit.regression.newton import expit, solve_logits
from judgeaudit.regression.population import (
    SIX,
    Taste,
    bare_calls,
    bare_pairs,
    draw_calls,
    item_tastes,
    population_means,
)
from judgeaudit.regression.power import looks
from judgeaudit.regression.stopping import confidence_sequence, hybrid_interval
from judgeaudit.regression.utility import angle_of_fit

EFFECTS = tuple(estimand for estimand in ESTIMANDS if estimand.term != "placebo")
Row = list[str]


# ------------------------------------------------------------------------------------------------- truths


known_means = cache(population_means)


def true_effect(estimand: Estimand, means: dict[Any, float]) -> float:
    """Return an effect from the population's means by contrast and order."""
    net = sum(
        weight * (0.5 if s > 0 or not estimand.by_position else -0.5) * (2 * means[contrast, s] - 1)
        for contrast, weight in estimand.weights.items()
        for s in (1, -1)
    )
    return estimand.shift + estimand.slope * net


def true_coefficients(means: dict[Any, float]) -> Any:
    """Return the population coefficients of the fractional logit (position, truth, style, product)."""
    X = np.array([[s, *CODING[contrast]] for contrast in SIX for s in (1, -1)])
    y = np.array([means[contrast, s] for contrast in SIX for s in (1, -1)])
    return solve_logits(X, y[None], np.ones((1, len(y))), firth=False).params[0]


# ------------------------------------------------------------------------------------------------- tables


def net_preference(reps: int) -> Iterable[Row]:
    """Cover effects on the net-preference scale: percent of intervals that hold the truth."""
    yield ["world", "items", "design", *(estimand.term for estimand in EFFECTS), "mean"]
    for items in (40, 60, 100, 200, 500):
        for name, taste in WORLDS.items():
            means = known_means(taste)
            for both in (True, False):
                held = np.zeros(len(EFFECTS))
                for seed in range(reps):
                    cells = net_cells(draw_calls(taste, items, np.random.default_rng([seed, items]), both=both))
                    for k, estimand in enumerate(EFFECTS):
                        found = measured(cells, estimand)
                        held[k] += found.conf_low <= true_effect(estimand, means) <= found.conf_high
                percent = 100 * held / reps
                design = "both orders" if both else "one order"
                yield [name, str(items), design, *(f"{p:.1f}" for p in percent), f"{percent.mean():.1f}"]


def measured(cells: Any, estimand: Estimand, level: float = 0.95) -> Any:
    """Return the interval of an effect; the worlds here never leave one out."""
    return measure(cells, estimand, two_orders=True, level=level)


def utility(reps: int) -> Iterable[Row]:
    """Cover coefficients and angle of the utility layer: percent of intervals that hold the truth."""
    yield ["world", "items", "position", "truth", "style", "style_x_truth", "angle"]
    for items in (60, 120):
        for name, taste in WORLDS.items():
            yield [name, str(items), *(f"{p:.1f}" for p in utility_coverage(taste, items, reps))]


def utility_coverage(taste: Taste, items: int, reps: int) -> list[float]:
    """Return the coverage, in percent, of four coefficients and the angle."""
    aim = true_coefficients(known_means(taste))
    aims = [*aim, math.degrees(math.atan2(aim[2], aim[1]))]
    held = np.zeros(5)
    for seed in range(reps):
        fit = fit_logit(utility_design(draw_calls(taste, items, np.random.default_rng([seed, items]))))
        found = [coefficient(fit, "j", c, j) for j, c in enumerate(fit.columns)] + [angle_of_fit("j", fit)]
        held += [bool(e.conf_low <= a <= e.conf_high) for e, a in zip(found, aims, strict=True)]  # type: ignore[operator]
    return [float(p) for p in 100 * held / reps]


def near_perfect(reps: int) -> Iterable[Row]:
    """Cover truth when a judge hardly ever errs: Firth, and the bounded interval where it applies."""
    yield ["judge", "items", "bounded in", "truth", "lower end", "style", "angle"]
    for items in (40, 60, 120):
        for name, taste in NEAR_PERFECT.items():
            aim = true_coefficients(known_means(taste))
            phi = math.degrees(math.atan2(aim[2], aim[1]))
            held = np.zeros(5)
            for seed in range(reps):
                fit = fit_logit(utility_design(draw_calls(taste, items, np.random.default_rng([seed, items]))))
                truth, style = (coefficient(fit, "j", c, fit.columns.index(c)) for c in ("truth", "style"))
                turned = angle_of_fit("j", fit)
                low, high = truth.conf_low or 0.0, truth.conf_high or 0.0
                held += [
                    "truth" in fit.bounded,
                    low <= aim[1] <= high,
                    low <= aim[1],
                    (style.conf_low or 0.0) <= aim[2] <= (style.conf_high or 0.0),
                    (turned.conf_low or 0.0) <= phi <= (turned.conf_high or 0.0),
                ]
            yield [name, str(items), *(f"{p:.1f}" for p in 100 * held / reps)]


def false_alarms(reps: int) -> Iterable[Row]:
    """Count false alarms: percent of audits in which a test that should stay silent speaks."""
    yield ["test", "nominal", "percent"]
    blind = Taste(style=0.0, spread_style=0.7)
    wald = fwer = uncorrected = equal = edge = 0
    margin_taste = style_at_the_margin(0.1)
    for seed in range(reps):
        calls = draw_calls(blind, 60, np.random.default_rng(seed))
        fit = fit_logit(utility_design(calls))
        wald += (coefficient(fit, "j", "style", fit.columns.index("style")).p_value or 0.0) < 0.05
        p_values = null_facets(seed)
        uncorrected += min(p_values) < 0.05
        fwer += min(holm(p_values)) < 0.05
        one, other = alike(seed)
        equal += next(f for e, f in differences(one, other) if e.term == "style_reward").p_value < 0.05
        found = measured(net_cells(draw_calls(margin_taste, 200, np.random.default_rng(seed))), STYLE_REWARD)
        edge += found.conf_low >= -0.1 and found.conf_high <= 0.1
    yield ["style coefficient of a style-blind judge", "5", f"{100 * wald / reps:.1f}"]
    yield ["any of 24 null facets, uncorrected", "-", f"{100 * uncorrected / reps:.1f}"]
    yield ["any of 24 null facets, Holm", "5", f"{100 * fwer / reps:.1f}"]
    yield ["style difference of two judges alike", "5", f"{100 * equal / reps:.1f}"]
    yield ["NEGLIGIBLE with the effect at the margin (200 items)", "2.5", f"{100 * edge / reps:.1f}"]


def style_at_the_margin(margin: float) -> Taste:
    """Return a judge whose style reward is exactly the margin."""
    low, high = 0.0, 2.0
    for _ in range(30):
        taste = Taste(style=(low + high) / 2, spread_style=0.5)
        reward = true_effect(STYLE_REWARD, population_means(taste, 50_000))
        low, high = (taste.style, high) if reward < margin else (low, taste.style)
    return Taste(style=(low + high) / 2, spread_style=0.5)


def null_facets(seed: int) -> list[float]:
    """Return the p values of 24 facets that do nothing, correlated through the items they share."""
    rng = np.random.default_rng(seed)
    leaning = rng.normal(size=60)
    p_values = []
    for _ in range(24):
        calls = draw_calls(Taste(style=0.0), 60, rng, contrasts=("style_true", "style_false"))
        eta = 0.7 * leaning[calls.cluster] + 0.3 * calls.s
        calls = replace(calls, y=(rng.random(len(calls)) < 1 / (1 + np.exp(-eta))).astype(float))
        p_values.append(measured(net_cells(calls), STYLE_REWARD).p_value)
    return p_values


def alike(seed: int) -> tuple[Calls, Calls]:
    """Return two judges of one taste that find the same items stylish."""
    rng = np.random.default_rng(seed)
    one = draw_calls(Taste(), 60, rng)
    slopes = item_tastes(Taste(spread_style=1.0), 60, rng)[one.cluster]
    p = 1 / (1 + np.exp(-(slopes[:, :2] * CODED[one.contrast, :2]).sum(axis=1) - 0.3 * one.s))
    first, second = (replace(one, judge=j, y=(rng.random(len(p)) < p).astype(float)) for j in ("a", "b"))
    return first, second


def additivity(reps: int) -> Iterable[Row]:
    """Measure the additivity check: percent of audits in which it fires."""
    yield ["world", "60 items", "150 items", "mean shift at 150"]
    cases = {
        "none": Taste(),
        "random slopes": Taste(spread_truth=0.8, spread_style=0.8),
        "shift -1": Taste(conflict=-1.0),
    }
    for name, taste in cases.items():
        fired, shift = [], 0.0
        for items in (60, 150):
            found = [check_additivity(draw_calls(taste, items, np.random.default_rng(i))) for i in range(reps)]
            checks = [c for c in found if c is not None]
            fired.append(f"{100 * np.mean([not c.holds for c in checks]):.1f}")
            shift = float(np.mean([c.conflict_shift for c in checks]))
        yield [name, *fired, f"{shift:+.2f}"]


def templates(reps: int) -> Iterable[Row]:
    """Cover effects of style in general when templates differ by 0.4 log odds (200 items): percent held, and width."""
    yield ["effect", "templates", "item-clustered", "reported", "width ratio"]
    slopes = 0.8 + 0.4 * np.random.default_rng(1).normal(size=400_000)
    reward, failure = (2 * expit(slopes) - 1).mean(), expit(slopes - CONFLICT_TRUTH).mean()
    for estimand, aim in ((STYLE_REWARD, reward), (CONFLICT_FAILURE, failure)):
        for count in (3, 5, 10, 20):
            held, widths = np.zeros(2), []
            for seed in range(reps):
                calls = draw_templates(count, seed, tuple(estimand.weights))
                item = measured(net_cells(calls), estimand)
                shared: Any = allow_for_sharing(item, calls, estimand)
                held += [item.conf_low <= aim <= item.conf_high, shared.conf_low <= aim <= shared.conf_high]
                widths.append((shared.conf_high - shared.conf_low) / (item.conf_high - item.conf_low))
            yield [estimand.term, str(count), *(f"{p:.1f}" for p in 100 * held / reps), f"{np.mean(widths):.2f}"]


CONFLICT_TRUTH = 1.5
"""What truth weighs, in log odds, where style and truth conflict."""


def draw_templates(count: int, seed: int, contrasts: Sequence[Contrast]) -> Calls:
    """Draw calls, in both orders, of a judge that likes some of ``count`` templates more than others."""
    rng = np.random.default_rng([seed, count])
    calls = draw_calls(Taste(), 200, rng, contrasts=contrasts)
    code = calls.pairs.cluster.codes % count
    truth, style = CODED[calls.contrast, :2].T
    eta = CONFLICT_TRUTH * truth + style * (0.8 + 0.4 * rng.normal(size=count))[code[calls.pair]]
    pairs = replace(calls.pairs, template=Levels(code, tuple(map(str, range(count)))))
    return replace(calls, pairs=pairs, y=(rng.random(len(calls)) < expit(eta)).astype(float))


# ------------------------------------------------------------------------------------------------- calls

TARGETS: dict[str, tuple[Estimand, float, int]] = {
    "SR": (STYLE_REWARD, 0.10, 2),
    "TS": (TRUTH_SENSITIVITY, 0.10, 2),
    "CFR": (CONFLICT_FAILURE, 0.05, 1),
}
"""Effect, half-width to reach, pairs an item."""
SHOPPERS = {
    "typical, T=0": Taste(truth=1.2, style=0.6, spread_truth=1.0, spread_style=1.0, spread_pair=0.6, temperature=0.05),
    "T=1": Taste(truth=1.5, style=0.8, spread_truth=0.7, spread_style=0.7),
    "weak, position-biased": Taste(truth=0.6, style=0.4, position=1.2, spread_style=0.3),
    "near-perfect": Taste(truth=4.5, style=0.5, spread_style=0.5),
}


def profiles(reps: int) -> Iterable[Row]:
    """Facet coefficients, one call an item: every facet by itself, or all at once in complementary profiles."""
    yield ["design", "calls for ±0.15 on the worst facet", "saving", "mean coverage", "worst", "largest shrinkage"]
    alone = None
    for name, together in (("one facet a pair", False), ("complementary profiles", True)):
        target = facet_coefficients(facet_calls(200_000, 0, together=together))[0]
        items = 400 if together else 3200
        found = [facet_coefficients(facet_calls(items, 1 + seed, together=together)) for seed in range(reps)]
        held = np.array([np.abs(params - target) <= half for params, half in found]).mean(axis=0)
        needed = items * (np.mean([half.max() for _, half in found]) / 0.15) ** 2
        alone = alone or needed
        large = np.abs(FACET_TASTES) >= 0.3
        shrinkage = (1 - target / FACET_TASTES)[large].max()
        yield [
            name,
            f"{needed:.0f}",
            f"{alone / needed:.1f} x",
            f"{100 * held.mean():.1f}",
            f"{100 * held.min():.1f}",
            f"{100 * shrinkage:.0f} %",
        ]


FACET_TASTES = np.array([0.6, 0.4, 0.3, 0.2, 0.1, -0.1, -0.3, -0.4])
"""What a judge pays for each of eight facets, in log odds of one call given the item."""


def facet_calls(items: int, seed: int, *, together: bool) -> Calls:
    """Draw one call about each item: one facet against none, or some facets against all others."""
    rng = np.random.default_rng(seed)
    k = len(FACET_TASTES)
    sides = rng.choice([-1.0, 1.0], size=(items, k)) if together else np.eye(k)[rng.integers(k, size=items)]
    s = rng.choice([-1, 1], size=items)
    tastes = FACET_TASTES + 0.3 * rng.normal(size=(items, k))
    y = (rng.random(items) < expit((tastes * sides).sum(axis=1) + 0.3 * s)).astype(float)
    contrast = np.full(items, CODES["profiles" if together else "style_true"])
    names = tuple(f"facet{i}" for i in range(k))
    worded = (Levels(np.full(items, -1), ()),) * k
    pairs = replace(bare_pairs(contrast, np.arange(items)), loading=sides, facets=names, templates=worded)
    return bare_calls(pairs, np.arange(items), s, y)


def facet_coefficients(calls: Calls) -> tuple[Any, Any]:
    """Return the coefficients of the facets and the half widths of their intervals."""
    fit = fit_logit(facet_design(calls))
    found = [coefficient(fit, "j", name, j) for j, name in enumerate(fit.columns) if name.startswith("style.")]
    ends = np.array([(e.estimate, e.conf_low, e.conf_high) for e in found], dtype=float)
    return ends[:, 0], (ends[:, 2] - ends[:, 1]) / 2


def efficiency(reps: int) -> Iterable[Row]:
    """Compare the calls of three ways to reach half-widths of .10, .10 and .05, and the coverage where they stop."""
    yield ["judge", "N0 both orders, joint", "N2 one order, each alone", "N3 log-probabilities", "N0/N2", "N0/N3",
           "coverage N2", "coverage N3"]  # fmt: skip
    for name, taste in SHOPPERS.items():
        calls, held = np.zeros(3), np.zeros(3)
        soft = replace(taste, temperature=max(taste.temperature, 0.5), graded=True)
        for seed in range(reps):
            for k, (judge, both) in enumerate(((taste, True), (taste, False), (soft, False))):
                cost, covered = stop_when_precise(judge, seed, both=both)
                calls[k] += cost
                held[k] += covered
        n0, n2, n3 = calls / reps
        shown = [f"{100 * h / reps / len(TARGETS):.1f}" for h in held[1:]]
        yield [name, f"{n0:.0f}", f"{n2:.0f}", f"{n3:.0f}", f"{n0 / n2:.2f}", f"{n0 / n3:.2f}", *shown]


def stop_when_precise(taste: Taste, seed: int, *, both: bool, n_max: int = 600) -> tuple[int, int]:
    """Return the calls made until every effect is precise, and how many of the three intervals hold the truth."""
    calls = draw_calls(taste, n_max, np.random.default_rng([seed, both]), both=both)
    means = known_means(taste)
    stops, held = {}, 0
    for name, (estimand, width, _) in TARGETS.items():
        for items in looks(n_max):
            found = measured(net_cells(calls.where(slice_of(calls, items))), estimand)
            if (found.conf_high - found.conf_low) / 2 <= width:
                break
        stops[name] = items
        held += found.conf_low <= true_effect(estimand, means) <= found.conf_high
    if both:
        return 2 * max(stops.values()) * sum(pairs for _, _, pairs in TARGETS.values()), held
    return sum(stops[name] * pairs for name, (_, _, pairs) in TARGETS.items()), held


def slice_of(calls: Calls, items: int) -> Any:
    """Select the verdicts on the first ``items`` items."""
    return calls.cluster < items


def stopping(reps: int) -> Iterable[Row]:
    """Compare rules that stop on a verdict (margin .10, one call an item, at most 1,000 items)."""
    yield ["true effect", "rule", "calls", "decided", "wrong", "coverage at stop"]
    rules: dict[str, Callable[[Any, int], tuple[float, float]]] = {
        "peeking at 95 % intervals": lambda f, n: _ends(f),
        "asymptotic sequence": lambda f, n: confidence_sequence(f, tuned_to=300),
        "hybrid 1 % + 4 %": lambda f, n: hybrid_interval(f, n_max=n),
    }
    for effect in (0.37, 0.23, 0.077, 0.0):
        for rule, interval in rules.items():
            runs = np.array([run_to_verdict(effect, interval, seed) for seed in range(reps)])
            calls, decided, wrong, held = runs.mean(axis=0)
            yield [
                f"{effect:.3f}",
                rule,
                f"{calls:.0f}",
                f"{100 * decided:.1f}",
                f"{100 * wrong:.1f}",
                f"{100 * held:.1f}",
            ]


def _ends(found: Any) -> tuple[float, float]:
    last = infer_bounded(found)
    return last.conf_low, last.conf_high


def run_to_verdict(effect: float, interval: Callable[[Any, int], tuple[float, float]], seed: int) -> list[float]:
    """Return calls, whether a verdict was reached, whether it is wrong, and whether the interval holds the truth."""
    n_max, margin = 1000, 0.1
    rng = np.random.default_rng(seed)
    calls = draw_calls(Taste(), n_max, rng, both=False, contrasts=("style_true",))
    calls = replace(calls, y=(rng.random(n_max) < (1 + effect) / 2).astype(float))
    cells = net_cells(calls)
    for items in range(40, n_max + 1, 20):
        so_far = replace(cells, total=cells.total[:items], count=cells.count[:items])
        low, high = interval(combine(so_far, STYLE_REWARD, two_orders=True), n_max)
        material, negligible = low > margin or high < -margin, -margin <= low and high <= margin
        if material or negligible:
            break
    wrong = material if effect <= margin else negligible
    return [items, float(material or negligible), float(wrong), float(low <= effect <= high)]


# ------------------------------------------------------------------------------------------------- printing

TABLES: dict[str, Callable[[int], Iterable[Row]]] = {
    table.__name__: table
    for table in (
        net_preference,
        utility,
        near_perfect,
        false_alarms,
        additivity,
        templates,
        profiles,
        efficiency,
        stopping,
    )
}


def markdown(rows: Iterable[Sequence[str]]) -> Iterable[str]:
    """Yield the lines of a Markdown table as its rows are measured."""
    for i, row in enumerate(rows):
        yield f"| {' | '.join(row)} |"
        if i == 0:
            yield f"|{'---|' * len(row)}"


def main() -> None:
    """Print every table, or one."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--reps", type=int, default=2000)
    parser.add_argument("--only", choices=list(TABLES))
    args = parser.parse_args()
    for name in [args.only] if args.only else TABLES:
        print(f"\n### {name} ({args.reps} audits a line)\n\n{TABLES[name].__doc__}\n")
        for line in markdown(TABLES[name](args.reps)):
            print(line)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
