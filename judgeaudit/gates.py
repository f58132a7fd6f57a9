"""The only home of thresholds: holds declared limits against estimates and says PASS, FAIL or INCONCLUSIVE.

The decision is taken on the interval and never on the point: an interval wholly inside its limit passes, one wholly
outside fails, and everything else is inconclusive.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from judgeaudit.errors import ConfigError, suggest
from judgeaudit.records import Audit, Estimate, Finding, JudgeAudit, Record, Scale, Status

OnInconclusive = Literal["fail", "warn", "pass"]
Taste = Literal[
    "truth", "mostly truth", "even", "mostly style", "style", "errors", "mostly against style", "against style",
    "neither", "place", "unsettled", "unknown",
]  # fmt: skip

DEFAULT_POLICY: Mapping[str, Any] = {
    "truth_sensitivity": {"min": 0.30},
    "exchange_rate": {"max": 0.50},
    "conflict_failure": {"max": 0.30},
    "position": {"max_abs": 0.10},
    "invalid": {"max": 0.05},
    "missing": {"max": 0.02},
    "refusal": {"max": 0.05},
    "on_inconclusive": "warn",
}
"""What a judge must show when the user declares nothing else."""

BASELINE_MARGIN = 0.10
"""How much worse than its baseline a judge may be, on the net-preference scale, before it matters."""

MIN_CLUSTERS = 20
"""With fewer independent items than this nothing passes: the interval itself is not to be trusted."""

EXIT_STATUS: Mapping[OnInconclusive, int] = {"fail": 1, "warn": 5, "pass": 0}

TASTE_STEPS: tuple[tuple[float, Taste, Taste], ...] = (
    (15.0, "truth", "truth"),
    (45.0, "mostly truth", "mostly truth"),
    (75.0, "mostly style", "mostly against style"),
    (105.0, "style", "against style"),
    (180.0, "errors", "errors"),
)
"""Upper end of each step of the absolute angle in degrees, and the taste it means for style above and below zero."""
EVEN = 45.0
"""The angle at which one style treatment weighs as much as one factual error."""
PLACE_BEYOND = 0.20
"""A position effect above this that exceeds both others means that the judge goes by place."""
SETTLED_WITHIN = 90.0
"""An angle whose interval is wider than this (in degrees) says nothing about taste."""


class Rule(NamedTuple):
    """One quantity on which a limit may be declared."""

    code: str
    """The stable code of a finding about the quantity as a whole."""
    part_code: str
    """The code of a finding about one facet, error kind or domain of it; empty where it has none."""
    scale: Scale
    words: str


RULES: Mapping[str, Rule] = {
    "truth_sensitivity": Rule("JA310", "JA311", "net_preference", "truth sensitivity"),
    "exchange_rate": Rule("JA410", "", "ratio", "exchange rate"),
    "angle": Rule("JA420", "", "degrees", "angle"),
    "conflict_failure": Rule("JA430", "", "net_preference", "conflict failure"),
    "masking": Rule("JA320", "", "net_preference", "masking"),
    "style_reward": Rule("JA210", "JA211", "net_preference", "style reward"),
    "position": Rule("JA110", "", "net_preference", "position effect"),
    "worsening": Rule("", "JA510", "net_preference", "worsening since the baseline"),
    "placebo": Rule("JA120", "", "net_preference", "placebo effect"),
    "truth": Rule("JA312", "", "log_odds", "truth coefficient"),
    "style": Rule("JA212", "JA213", "log_odds", "style coefficient"),
    "style_x_truth": Rule("JA322", "", "log_odds", "style-by-truth interaction"),
    "tie_rate": Rule("JA940", "", "net_preference", "tie rate"),
    "invalid": Rule("JA910", "", "share", "unreadable replies"),
    "missing": Rule("JA920", "", "share", "missing cells"),
    "refusal": Rule("JA930", "", "share", "refusals"),
    "dropped": Rule("JA950", "", "share", "dropped pairs"),
}
"""Every quantity a policy may name, the gravest first."""

NO_ESTIMATE = " has no estimate: "
"""What stands in a finding's sentence before the reason, where there is no figure."""
COUNTED = ("invalid", "missing", "refusal")
STATUS_ORDER: tuple[Status, ...] = ("FAIL", "INCONCLUSIVE", "PASS")


class Limit(Record):
    """The region in which one quantity must lie."""

    term: str
    min: float | None = None
    max: float | None = None
    max_abs: float | None = None

    @property
    def base(self) -> str:
        """The quantity without its facet, kind or domain: ``style_reward`` of ``style_reward.length``."""
        return base_term(self.term)

    @property
    def region(self) -> tuple[float, float]:
        """Lowest and highest value allowed."""
        reach = math.inf if self.max_abs is None else self.max_abs
        low = -math.inf if self.min is None else self.min
        high = math.inf if self.max is None else self.max
        return max(low, -reach), min(high, reach)

    @property
    def words(self) -> str:
        """The declared limit as the policy states it: ``max 0.5``."""
        return ", ".join(f"{key} {getattr(self, key):g}" for key in ("min", "max", "max_abs") if self._has(key))

    def _has(self, key: str) -> bool:
        return getattr(self, key) is not None


class Policy(Record):
    """Limits that a judge is held to, and what an undecided one means for the exit status."""

    limits: tuple[Limit, ...]
    on_inconclusive: OnInconclusive = "warn"
    """``fail``: exit status 1; ``warn``: exit status 5; ``pass``: exit status 0."""


Stated = Mapping[str, Any] | Policy | str | Path | None
"""A policy as a user may state it: a mapping, one that was loaded, a file, or None for the shipped one."""


# ------------------------------------------------------------------------------------------------- policies


def base_term(term: str) -> str:
    """Return the quantity of which ``term`` is a part.

    Examples
    --------
    >>> base_term("style_reward.fmt.list"), base_term("truth_sensitivity@history"), base_term("angle")
    ('style_reward', 'truth_sensitivity', 'angle')
    """
    return re.split("[.@]", term, maxsplit=1)[0]


def load_policy(policy: Stated = None, on_inconclusive: str | None = None, *, where: str = "gate policy") -> Policy:
    """Read a gate policy from a mapping or a YAML file; None gives the shipped default.

    ``on_inconclusive`` goes before what the policy says; ``where`` is how messages name a mapping.

    Raises
    ------
    ConfigError
        When the file cannot be read, a quantity or key is unknown, or a limit is not a number.
    """
    if isinstance(policy, Policy):
        return policy
    if isinstance(policy, str | Path):
        where, stated = f"gate policy {policy}", _read_yaml(Path(policy))
    else:
        stated = DEFAULT_POLICY if policy is None else policy
    if not isinstance(stated, Mapping):
        raise ConfigError(f"{where}: expected a mapping of quantities to limits, such as 'position: {{max_abs: 0.1}}'")
    limits = tuple(_limit(where, str(term), keys) for term, keys in stated.items() if term != "on_inconclusive")
    if not limits:
        raise ConfigError(f"{where}: states no limit, so it would pass any judge; name one of: {', '.join(RULES)}")
    choice = stated.get("on_inconclusive", "warn") if on_inconclusive is None else on_inconclusive
    return Policy(limits=limits, on_inconclusive=_on_inconclusive(where, choice))


def against_baseline(policy: Policy) -> Policy:
    """Add to a policy that says nothing of it that no judge may be worse than its baseline by more than the margin."""
    if any(limit.base == "worsening" for limit in policy.limits):
        return policy
    return policy.model_copy(update={"limits": (*policy.limits, Limit(term="worsening.*", max=BASELINE_MARGIN))})


def _read_yaml(path: Path) -> object:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigError(f"gate policy {path}: cannot be read ({why}); give the path of a YAML file") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"gate policy {path}: not valid YAML ({' '.join(str(error).split())})") from error


def _on_inconclusive(where: str, value: object) -> OnInconclusive:
    for allowed in get_args(OnInconclusive):
        if value == allowed:
            return allowed  # type: ignore[no-any-return]
    raise ConfigError(f"{where}: on_inconclusive is {value!r}; allowed are fail, warn and pass")


def _limit(where: str, term: str, keys: object) -> Limit:
    rule = RULES.get(base_term(term))
    if rule is None:
        known = [*RULES, "on_inconclusive"]
        raise ConfigError(f"{where}: unknown quantity {term!r}{suggest(term, known)}; known are: {', '.join(known)}")
    if term != base_term(term) and not rule.part_code:
        raise ConfigError(
            f"{where}: {base_term(term)} has no parts, so {term!r} names nothing; use {base_term(term)!r}"
        )
    if not isinstance(keys, Mapping) or not keys:
        raise ConfigError(f"{where}: {term} needs a limit, such as {{max: 0.1}}; allowed keys are min, max, max_abs")
    name = "worsening.*" if term == "worsening" else term
    limit = Limit(term=name, **{_key(where, term, key): _number(where, term, key, v) for key, v in keys.items()})
    low, high = limit.region
    if low > high:
        raise ConfigError(f"{where}: {term} allows nothing ({limit.words}); the least must not exceed the most")
    return limit


def _key(where: str, term: str, key: object) -> str:
    if key not in ("min", "max", "max_abs"):
        hint = suggest(str(key), ("min", "max", "max_abs"))
        raise ConfigError(f"{where}: {term} has the unknown key {key!r}{hint}; allowed are min, max and max_abs")
    return str(key)


def _number(where: str, term: str, key: object, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"{where}: {term}.{key} is {value!r}; a finite number is needed, such as 0.1")
    if key == "max_abs" and value < 0:
        raise ConfigError(f"{where}: {term}.max_abs is {value!r}; a distance from zero cannot be negative")
    return float(value)


# ------------------------------------------------------------------------------------------------ decisions


def gate(audit: Audit, policy: Stated = None) -> list[Finding]:
    """Hold every judge of an audit to a policy, one finding for each limit and judge, the gravest first.

    Parameters
    ----------
    audit
        What `fit` returned.
    policy
        A mapping such as ``{"position": {"max_abs": 0.1}, "style_reward.*": {"max": 0.2}}``, the path of a YAML file
        with such a mapping, or None for the shipped default. ``.*`` stands for every facet, kind or domain measured.

    Raises
    ------
    ConfigError
        When the policy cannot be read or names something that does not exist.

    Examples
    --------
    >>> gate(Audit(judges=(JudgeAudit(name="mini", model="m"),)), {"angle": {"max": 30}})[0].status
    'INCONCLUSIVE'
    """
    stated = load_policy(policy)
    findings: list[Finding] = []
    for limit in stated.limits:
        if limit.base == "dropped":
            findings.append(_finding("", limit, _dropped(audit), audit.judges[:0]))
            continue
        for judge in audit.judges:
            findings += [_finding(judge.name, part, found, (judge,)) for part, found in _matches(judge, limit)]
    return sorted(findings, key=gravity)


def gravity(finding: Finding) -> tuple[int, int, str, str]:
    """Return the sort key that puts the gravest finding first."""
    return STATUS_ORDER.index(finding.status), list(RULES).index(base_term(finding.rule)), finding.rule, finding.judge


def exit_status(findings: Iterable[Finding], policy: Stated = None) -> int:
    """Return 0 when every finding passed, 1 when one failed, and what the policy asks for when one is undecided."""
    statuses = {finding.status for finding in findings}
    if "FAIL" in statuses:
        return 1
    return EXIT_STATUS[load_policy(policy).on_inconclusive] if "INCONCLUSIVE" in statuses else 0


def standing(findings: Iterable[Finding], judge: str) -> Status:
    """Return the worst status among a judge's findings; a judge that was held to nothing is undecided."""
    statuses = {finding.status for finding in findings if finding.judge == judge}
    return next((status for status in STATUS_ORDER if status in statuses), "INCONCLUSIVE")


def taste(judge: JudgeAudit) -> Taste:
    """Name what a judge pays for, from its fluency-truth angle and the size of its effects."""
    effects = [judge.get(term) for term in ("truth_sensitivity", "style_reward")]
    sizes = [abs(effect.estimate) for effect in effects if effect is not None and effect.estimate is not None]
    position = judge.get("position")
    if position is not None and abs(position.estimate or 0.0) > max([PLACE_BEYOND, *sizes]):
        return "place"
    if all(effect is not None and effect.grade == "NEGLIGIBLE" for effect in effects):
        return "neither"
    angle = judge.get("angle", "degrees")
    return "unknown" if angle is None or angle.estimate is None else _direction(angle, angle.estimate)


def _direction(angle: Estimate, value: float) -> Taste:
    low, high = _bounds(angle)
    if high - low > SETTLED_WITHIN:
        return "unsettled"
    if low < EVEN < high:
        return "even"
    return next((above if value >= 0 else below for end, above, below in TASTE_STEPS if abs(value) <= end), "errors")


def holding_policy(audit: Audit) -> dict[str, Any]:
    """Return the policy that today's worst judge would just pass: a floor under what has been reached.

    Each limit is the outer end of the widest interval, rounded outward to two digits. A quantity that is not bounded
    for some judge is left out; a place to favour is asked only of judges that compare.
    """
    policy: dict[str, Any] = {}
    for term, keys in DEFAULT_POLICY.items():
        if term == "on_inconclusive":
            continue
        asked = [judge for judge in audit.judges if term != "position" or not _scores(judge)]
        found = [estimate for judge in asked for _, estimate in _matches(judge, Limit(term=term))]
        ends = [_bounds(estimate) for estimate in found if estimate is not None]
        (key,) = keys
        low, high = min((low for low, _ in ends), default=0.0), max((high for _, high in ends), default=0.0)
        worst = {"min": low, "max": high, "max_abs": max(-low, high)}[key]
        if len(ends) == len(asked) > 0 and math.isfinite(worst):
            policy[term] = {key: (math.floor if key == "min" else math.ceil)(round(100 * worst, 6)) / 100}
    return policy


def _matches(judge: JudgeAudit, limit: Limit) -> list[tuple[Limit, Estimate | None]]:
    if limit.base in COUNTED:
        return [(limit, _share(judge, limit.base))]
    scale = RULES[limit.base].scale
    if not limit.term.endswith("*"):
        return [(limit, judge.get(limit.term, scale))]
    stem = limit.term.removesuffix("*")
    parts = [e for e in judge.estimates if e.scale == scale and e.term.startswith(stem)]
    return [(limit.model_copy(update={"term": e.term}), e) for e in parts] or [(limit, None)]


def _share(judge: JudgeAudit, outcome: str) -> Estimate:
    return _count(judge.name, outcome, getattr(judge.counts, outcome), judge.counts.planned)


def _dropped(audit: Audit) -> Estimate:
    lost = sum(audit.dropped.values())
    return _count("", "dropped", lost, lost + audit.pairs)


def _count(judge: str, term: str, count: int, of: int) -> Estimate:
    """Return a share of this very run: it is counted and not estimated, so its interval is a point."""
    share = count / of if of else None
    return Estimate(
        judge=judge, term=term, scale="share", estimate=share, conf_low=share, conf_high=share, n=of, method="count",
        note="" if of else "nothing was planned",
    )  # fmt: skip


def _finding(judge: str, limit: Limit, estimate: Estimate | None, source: tuple[JudgeAudit, ...]) -> Finding:
    rule = RULES[limit.base]
    status, reason = _decide(limit, estimate, source)
    part = limit.term.removeprefix(limit.base)
    words = f"{rule.words} ({part.lstrip('.@')})" if part else rule.words
    figures = NO_ESTIMATE if estimate is None else f" {_figures(estimate)}: "
    return Finding(
        code=rule.part_code if part else rule.code, judge=judge, rule=limit.term, status=status, estimate=estimate,
        limit=limit.words, sentence=f"{judge or 'the pairs'}: {words}{figures}{reason}",
    )  # fmt: skip


def _decide(limit: Limit, estimate: Estimate | None, source: tuple[JudgeAudit, ...]) -> tuple[Status, str]:
    if estimate is None:
        return _not_estimated(limit, source)
    status = decide(limit, *_bounds(estimate))
    if status == "FAIL":
        return "FAIL", f"the whole interval lies outside the limit, {limit.words}"
    if _beyond_by_angle(limit, source):
        return "FAIL", f"the whole interval of the angle lies beyond the limit, {limit.words}"
    if status == "INCONCLUSIVE":
        return "INCONCLUSIVE", _undecided(limit, estimate)
    if estimate.scale != "share" and 0 < estimate.n_clusters < MIN_CLUSTERS:
        few = f"{estimate.n_clusters} independent items are fewer than the {MIN_CLUSTERS} that a pass needs"
        return "INCONCLUSIVE", f"inside the limit, {limit.words}, but {few}; ask about more items"
    return "PASS", f"the whole interval lies inside the limit, {limit.words}"


def decide(limit: Limit, low: float, high: float) -> Status:
    """Hold an interval against a limit: inside passes, outside fails, anything else is inconclusive.

    Examples
    --------
    >>> decide(Limit(term="position", max_abs=0.1), -0.02, 0.05)
    'PASS'
    """
    least, most = limit.region
    if low > most or high < least:
        return "FAIL"
    return "PASS" if least <= low and high <= most else "INCONCLUSIVE"


def _bounds(estimate: Estimate) -> tuple[float, float]:
    """Return both ends of the interval; one that is not bounded lies at infinity."""
    low = -math.inf if estimate.conf_low is None else estimate.conf_low
    high = math.inf if estimate.conf_high is None else estimate.conf_high
    return low, high


def _beyond_by_angle(limit: Limit, source: tuple[JudgeAudit, ...]) -> bool:
    """Tell whether an exchange rate without bounds exceeds its limit, since the angle's whole interval does."""
    if limit.base != "exchange_rate" or not source:
        return False
    angle = source[0].get("angle", "degrees")
    return angle is not None and _bounds(angle)[0] > math.degrees(math.atan(limit.region[1]))


def _not_estimated(limit: Limit, source: tuple[JudgeAudit, ...]) -> tuple[Status, str]:
    if limit.base == "position" and any(map(_scores, source)):
        return "PASS", "does not arise: answers are scored one at a time"
    if limit.base == "worsening":
        return "INCONCLUSIVE", "there is no baseline that measured it; give one with --baseline"
    scale, stem = RULES[limit.base].scale, limit.base
    measured = sorted(
        {e.term for judge in source for e in judge.estimates if e.scale == scale and e.term.startswith(stem)}
    )
    hint = suggest(limit.term, measured) or (f"; measured are: {', '.join(measured)}" if measured else "")
    return "INCONCLUSIVE", f"was not estimated{hint}, so it cannot be held to {limit.words}"


def _scores(judge: JudgeAudit) -> bool:
    return any(estimate.scale == "points" for estimate in judge.estimates)


def _undecided(limit: Limit, estimate: Estimate) -> str:
    if estimate.conf_low is None and estimate.conf_high is None:
        note = f" ({estimate.note})" if estimate.note else ""
        return f"there is no interval to decide on{note}; the limit is {limit.words}"
    return f"the interval reaches across the limit, {limit.words}; ask about more items to decide"


def _figures(estimate: Estimate) -> str:
    low, high = ("unbounded" if end is None else f"{end:.3g}" for end in (estimate.conf_low, estimate.conf_high))
    point = "not bounded" if estimate.estimate is None else f"{estimate.estimate:.3g}"
    return point if estimate.scale == "share" or low == high == "unbounded" else f"{point} [{low}, {high}]"
