"""Verdicts in, audit out: every estimate of every judge, and the differences between judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from judgeaudit.records import Audit, Counts, Estimate, JudgeAudit, Pair, Panel, Verdict
from judgeaudit.regression.bmj import LEVEL
from judgeaudit.regression.comparisons import compare
from judgeaudit.regression.design import Calls, cell_of, tabulate
from judgeaudit.regression.effects import STYLE_REWARD, TRUTH_SENSITIVITY, net_preferences
from judgeaudit.regression.grades import holm
from judgeaudit.regression.heterogeneity import compare_domains
from judgeaudit.regression.panels import convene_all, count_panel
from judgeaudit.regression.points import points, withhold_at_ceiling
from judgeaudit.regression.reliability import assess, consistency
from judgeaudit.regression.utility import log_odds
from judgeaudit.regression.validity import account_for_invalid_pairs

FAMILIES = ("style_reward.", "truth_sensitivity.", "style_reward@", "truth_sensitivity@")
"""Terms tested together over all judges: p values adjusted by Holm's method stand in their recipes."""


def fit(
    pairs: Sequence[Pair],
    verdicts: Sequence[Verdict],
    *,
    margin: float | None = 0.10,
    models: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
    dropped: Mapping[str, int] | None = None,
    run_id: str = "",
    provenance: Mapping[str, Any] | None = None,
    validity: Estimate | None = None,
    covariates: Sequence[str] = (),
    panels: Sequence[Panel] = (),
) -> Audit:
    """Measure how much every judge rewards style and how much truth.

    The result depends on the set of verdicts and not on their order. Judges stand in the order of ``models``, and
    after them, or without it, in alphabetical order.

    Parameters
    ----------
    pairs
        Every pair the judges were asked about.
    verdicts
        One verdict per planned cell, failures included.
    margin
        Largest net preference that does not matter, declared before the verdicts are seen; None to grade nothing.
    models
        Model string by judge name; a judge's own name where it is not given.
    notes
        What must be said whenever a judge is named, by judge name.
    dropped
        Pairs that failed the manipulation check, counted by reason.
    run_id
        Name of the run.
    provenance
        How the run came about; the recipe of the regression is added to it.
    validity
        Share of pairs whose "false" answer is not false, with its interval, as found by a check of a sample: truth
        sensitivity is corrected for it, and is not graded where more than 15 percent may be invalid.
    covariates
        Features of the manipulation checks (such as ``log_words``, the log length ratio) to hold constant: gives
        ``covariate.<name>`` and ``style_given_covariates`` on the log-odds scale.
    panels
        Judges that decide together: each is measured as one more judge, on the calls that all of its members answered.

    Raises
    ------
    DesignError
        When the verdicts cannot answer the question: a pair is unknown, a cell is answered twice, every pair was shown
        in one order, or a judge mixes scores with choices.
    """
    calls = tabulate(pairs, verdicts, covariates)
    names = _in_order(calls, models or {})
    own = {name: [verdict for verdict in verdicts if verdict.trial.judge == name] for name in names}
    convened = convene_all(panels, calls)
    measured = {name: calls[name] for name in names} | convened
    estimates = {
        name: account_for_invalid_pairs(measure_judge(own, margin), validity) for name, own in measured.items()
    }
    adjusted = adjust_families(estimates)
    judges = [
        JudgeAudit(
            name=name,
            model=(models or {}).get(name, name),
            estimates=tuple(adjusted[name]),
            reliability=assess(calls[name]),
            counts=count(own[name]),
            cost_usd=total_cost(own[name]),
            note=(notes or {}).get(name, ""),
        )
        for name in names
    ]
    for panel in panels:
        members = [own[member] for member in panel.of]
        judges.append(
            JudgeAudit(
                name=panel.name,
                model=f"{panel.by} of {', '.join(panel.of)}",
                estimates=tuple(adjusted[panel.name]),
                reliability=assess(convened[panel.name]),
                counts=count_panel(convened[panel.name], [[cell_of(verdict) for verdict in said] for said in members]),
                cost_usd=total_cost([verdict for said in members for verdict in said]),
                note="; ".join(dict.fromkeys(note for member in panel.of if (note := (notes or {}).get(member)))),
                panel=panel,
            )
        )
    return Audit(
        run_id=run_id,
        items=len({pair.item_id for pair in pairs}),
        pairs=len(pairs),
        dropped=dict(sorted((dropped or {}).items())),
        judges=tuple(judges),
        contrasts=compare(list(measured.values()), margin),
        provenance={**(provenance or {}), "regression": {"margin": margin, "level": LEVEL, "multiplicity": "Holm"}},
    )


def _in_order(calls: Mapping[str, Calls], models: Mapping[str, str]) -> list[str]:
    return [name for name in models if name in calls] + sorted(name for name in calls if name not in models)


def measure_judge(calls: Calls, margin: float | None) -> list[Estimate]:
    """Return every estimate of one judge, differences from other judges aside."""
    found = [*net_preferences(calls, margin), *log_odds(calls)]
    if not calls.two_orders:
        found = withhold_at_ceiling([*found, *points(calls)])
    domains = (compare_domains(calls, estimand) for estimand in (TRUTH_SENSITIVITY, STYLE_REWARD))
    return [*found, *consistency(calls), *(tested for tested in domains if tested is not None)]


def adjust_families(estimates: Mapping[str, Sequence[Estimate]]) -> dict[str, list[Estimate]]:
    """Write Holm-adjusted p values into the recipes of facets, kinds and domains, each a family over all judges."""
    flat = [(name, i, e) for name, own in estimates.items() for i, e in enumerate(own)]
    result = {name: list(own) for name, own in estimates.items()}
    for stem in FAMILIES:
        family = [(name, i, e) for name, i, e in flat if e.term.startswith(stem) and e.p_value is not None]
        p_values = holm([e.p_value for _, _, e in family if e.p_value is not None])
        for (name, i, e), p in zip(family, p_values, strict=True):
            recipe = e.recipe | {"p_holm": p, "family": len(family)}
            result[name][i] = e.model_copy(update={"recipe": recipe})
    return result


def count(verdicts: Sequence[Verdict]) -> Counts:
    """Count how the planned cells of one judge ended."""
    outcomes = Counter(verdict.outcome for verdict in verdicts)
    ties = sum(verdict.choice == "tie" for verdict in verdicts)
    return Counts(planned=len(verdicts), tie=ties, **{str(k): v for k, v in outcomes.items()})


def total_cost(verdicts: Sequence[Verdict]) -> float | None:
    """Sum what the calls cost in US dollars; None when the price of any call made is unknown."""
    made = [verdict for verdict in verdicts if verdict.attempts > 0 or verdict.cost_usd is not None]
    costs = sorted(verdict.cost_usd for verdict in made if verdict.cost_usd is not None)
    return sum(costs) if len(costs) == len(made) else None
