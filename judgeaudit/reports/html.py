"""The page: one file that opens offline, under a Content-Security-Policy that lets nothing run and nothing load."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from judgeaudit.assets import load_fixture
from judgeaudit.gates import holding_policy, load_policy, standing
from judgeaudit.records import Audit, Contrast, Estimate, JudgeAudit, Pair, Scale, Verdict
from judgeaudit.reports import gallery, numbers, plots, words
from judgeaudit.reports.changes import flatten
from judgeaudit.reports.evidence import CONTRAST_WORDS, Evidence, gather
from judgeaudit.reports.json import total_cost
from judgeaudit.reports.variants import families

TEMPLATES = Path(__file__).with_name("templates")
MARGIN = 0.10
"""Half width of the practical band, where the regression does not state its own."""
HEADLINES: tuple[tuple[str, Scale, str], ...] = (
    ("truth_sensitivity", "net_preference", "truth"),
    ("style_reward", "net_preference", "style"),
    ("angle", "degrees", "angle"),
    ("exchange_rate", "ratio", "exchange"),
    ("conflict_failure", "net_preference", "conflict"),
    ("masking", "net_preference", "masking"),
    ("position", "net_preference", "position"),
    ("tie_rate", "net_preference", "ties"),
)
SETTINGS: tuple[tuple[str, tuple[tuple[Contrast, str], ...], str], ...] = (
    ("truth", (("fact_plain", "both plain"), ("fact_styled", "both styled")), "truth sensitivity"),
    ("style", (("style_true", "both right"), ("style_false", "both wrong")), "style reward"),
)


def render(
    audit: Audit, *, pairs: Sequence[Pair] = (), verdicts: Sequence[Verdict] = (), command: str = "", history: str = ""
) -> str:
    """Return the whole report as one HTML page.

    Parameters
    ----------
    audit
        What `fit` returned.
    pairs, verdicts
        What was shown and what was said; without them the page lacks its gallery and what is drawn from single cells.
    command
        What makes the run again.
    """
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    page = _template().render(
        audit=audit,
        style=Markup(style),  # noqa: S704 - our own file, and the policy admits exactly its bytes
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        command=command,
        history=history,
        **_context(audit, pairs, verdicts),
    )
    return gallery.UNPRINTABLE.sub("\ufffd", page)


@cache
def _template() -> Any:
    environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"shown": gallery.shown, "cut": gallery.cut, "made_of": gallery.made_of}
    environment.globals |= {"n": numbers, "words": words, "hue": plots.hue, "contrast_words": CONTRAST_WORDS}
    return environment.from_string((TEMPLATES / "report.html").read_text(encoding="utf-8"))


def _context(audit: Audit, pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    findings = words.findings_of(audit)
    evidence = gather(audit, pairs, verdicts) if pairs and verdicts else None
    exhibits = gallery.choose(pairs, verdicts)
    judges = list(enumerate(audit.judges))
    order = [judge.name for judge in words.worst_first(audit, findings)]
    return {
        "judges": sorted(judges, key=lambda entry: order.index(entry[1].name)),
        "verdict": words.verdict(audit, findings),
        "findings": findings,
        "standing": {judge.name: standing(findings, judge.name) for judge in audit.judges},
        "statuses": {(finding.judge, finding.rule): finding.status for finding in findings},
        "catalogue": load_fixture("findings"),
        "reasons": load_fixture("reasons"),
        "outcomes": load_fixture("outcomes"),
        "cost": total_cost(audit.judges),
        "headlines": HEADLINES,
        "dials": {judge.name: plots.dial(judge, number) for number, judge in judges},
        "legend": plots.legend(audit.judges),
        "plane": plots.plane(audit.judges),
        "forests": _forests(audit),
        "positions": _positions(audit),
        "evidence": evidence,
        "curves": _curves(audit, evidence),
        "lost": [row for row in evidence.losses if sum(row.outcomes.values()) > row.outcomes["valid"]]
        if evidence
        else (),
        "exhibits": exhibits,
        "room": gallery.room_for_replies(exhibits),
        "differences": [row for row in audit.contrasts if row.get("term") in ("truth_sensitivity", "style_reward")],
        "families": families(audit, verdicts),
        "profiled": _profiled(audit),
        "provenance": list(flatten(audit.provenance).items()),
        "policy": _yaml(holding_policy(audit)),
        "power": [_power(judge) for judge in audit.judges],
    }


def _margin(audit: Audit) -> float:
    stated = audit.provenance.get("regression")
    margin = stated.get("margin") if isinstance(stated, Mapping) else None
    return float(margin) if isinstance(margin, int | float) else MARGIN


def _series(audit: Audit, term: str) -> list[plots.Series]:
    return [(judge.name, number, judge.get(term)) for number, judge in enumerate(audit.judges)]


def _forests(audit: Audit) -> list[dict[str, Any]]:
    """Return a forest plot with its table for facets, kinds of error, and domains, those that were measured."""
    wanted = (
        ("style_reward", ".", "Style reward by facet", "facet"),
        ("truth_sensitivity", ".", "Truth sensitivity by kind of error", "kind"),
        ("style_reward", "@", "Style reward by domain", "domain"),
        ("truth_sensitivity", "@", "Truth sensitivity by domain", "domain"),
    )
    made = [_forest(audit, *spec) for spec in wanted]
    return [forest for forest in made if len(forest["rows"]) > 1]


def _forest(audit: Audit, base: str, mark: str, title: str, part: str) -> dict[str, Any]:
    terms = dict.fromkeys(
        e.term for e in audit.estimates if e.scale == "net_preference" and e.term.startswith(base + mark)
    )
    rows = {"all": _series(audit, base)} | {
        term.removeprefix(base + mark): _series(audit, term) for term in sorted(terms, key=lambda t: _largest(audit, t))
    }
    floors = [judge.reliability.noise_floor for judge in audit.judges if judge.reliability.noise_floor is not None]
    least = next((limit.min for limit in load_policy().limits if limit.term == base), None)
    plot = plots.forest(
        {
            words.facet(name): series
            for name, series in rows.items()
            if any(e and e.estimate is not None for _, _, e in series)
        },
        title=f"{title}, each judge with its 95% interval",
        margin=_margin(audit) if base == "style_reward" else None,
        floor=max(floors, default=None),
        least=least,
        axis=f"{base.replace('_', ' ')}, points",
    )
    slug = f"{base}-{part}".replace("_", "-")
    tests = [e for judge in audit.judges if mark == "@" and (e := judge.get(f"heterogeneity.{base}"))]
    return {"title": title, "part": part, "rows": rows, "plot": plot, "slug": slug, "tests": tests}


def _profiled(audit: Audit) -> dict[str, list[Estimate | None]]:
    """Return the coefficient of every facet, judge by judge, where pairs of complementary profiles were asked."""
    found = [e for e in audit.estimates if e.scale == "log_odds" and e.recipe.get("profiles")]
    terms = sorted({e.term for e in found if e.term.startswith("style.")})
    return {t.removeprefix("style."): [judge.get(t, "log_odds") for judge in audit.judges] for t in terms}


def _largest(audit: Audit, term: str) -> tuple[float, str]:
    """Return the sort key that puts the part with the largest mean over the judges first."""
    known = [e.estimate for judge in audit.judges if (e := judge.get(term)) and e.estimate is not None]
    return (-sum(known) / len(known) if known else 0.0, term)


def _positions(audit: Audit) -> dict[str, Markup]:
    consistency = [(j.name, number, j.reliability.order_consistency) for number, j in enumerate(audit.judges)]
    effects = {judge: [(judge, number, e)] for judge, number, e in _series(audit, "position")}
    return {
        "effect": plots.forest(
            effects,
            title="Position effect of each judge",
            margin=_margin(audit),
            width=460,
            axis="position effect, points",
        ),
        "consistency": plots.shares(consistency, title="Share of pairs with the same winner in both orders"),
    }


def _curves(audit: Audit, evidence: Evidence | None) -> dict[str, Markup]:
    if evidence is None:
        return {}
    names = [(judge.name, number) for number, judge in enumerate(audit.judges)]
    steps = sorted({dose for _, dose in evidence.doses})
    dosed = [
        (name, number, [(f"dose {d}", evidence.doses[name, d]) for d in steps if (name, d) in evidence.doses])
        for name, number in names
    ]
    made = {"dose": plots.curves(dosed, title="Style reward by dose of style", axis="style reward, points")}
    for key, settings, title in SETTINGS:
        found = [
            (
                name,
                number,
                [(word, evidence.contrasts[name, c]) for c, word in settings if (name, c) in evidence.contrasts],
            )
            for name, number in names
        ]
        made[key] = plots.curves(found, title=f"Masking: {title} in both settings", axis=f"{title}, points")
    return made if len(steps) > 1 else {key: plot for key, plot in made.items() if key != "dose"}


def _power(judge: JudgeAudit) -> tuple[JudgeAudit, list[tuple[Estimate, float | None]]]:
    """Return what an effect must be for this judge's verdicts to show it four times in five."""
    known = [judge.get(term) for term in ("truth_sensitivity", "style_reward", "conflict_failure", "position")]
    return judge, [(e, None if e.std_error is None else (1.96 + 0.84) * e.std_error) for e in known if e is not None]


def _yaml(policy: Mapping[str, Mapping[str, float]]) -> str:
    lines = [
        f"{term}: {{{', '.join(f'{key}: {value:g}' for key, value in keys.items())}}}" for term, keys in policy.items()
    ]
    return "\n".join([*lines, "on_inconclusive: warn"]) if lines else "# nothing is bounded for every judge yet"
