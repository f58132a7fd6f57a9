"""Judges of known taste: the instrument is calibrated on them before it is trusted."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from judgeaudit import records
from judgeaudit.errors import ConfigError, suggest


@dataclass(frozen=True)
class Taste:
    """What a simulated judge pays for, on the log-odds scale.

    Parameters
    ----------
    truth, style, style_x_truth, position
        Coefficients of the logit of preferring the answer shown first: true against false, styled against
        plain, their product (coded -1/2 and +1/2), and the first place on the screen.
    ties
        Share of replies that are ties.
    spread
        Standard deviation of the truth and style coefficients between questions.
    facets
        What single facets are worth beyond ``style``, by their names.
    """

    truth: float = 0.0
    style: float = 0.0
    style_x_truth: float = 0.0
    position: float = 0.0
    ties: float = 0.0
    spread: float = 0.0
    facets: Mapping[str, float] = field(default_factory=dict)


TASTES: dict[str, Taste] = {
    "style-only": Taste(style=3.0),
    "truth-only": Taste(truth=3.0),
    "balanced": Taste(truth=1.5, style=1.5),
    "first-place": Taste(position=3.0),
    "coin": Taste(),
    "careful": Taste(truth=4.0, style=0.2, ties=0.05),
}


@dataclass(frozen=True)
class SimulatedJudge:
    """A judge whose taste is known, reached through the same path as any other.

    Parameters
    ----------
    name
        What reports call it.
    taste
        What it pays for.
    protocol
        ``pairwise``, ``reference`` or ``score``.

    Examples
    --------
    >>> SimulatedJudge("style-only", Taste(style=3.0)).model
    'simulated'
    """

    name: str
    taste: Taste
    protocol: records.Protocol = "pairwise"
    note: str = "a simulation, to calibrate the instrument"
    model: str = "simulated"
    parallel: None = None

    @classmethod
    def from_spec(cls, spec: records.JudgeSpec) -> SimulatedJudge:
        """Build the judge of a model string such as ``simulated/style-only``; ``params`` alter its taste.

        Raises
        ------
        ConfigError
            For an unknown taste or parameter.
        """
        taste = spec.model.removeprefix("simulated/")
        if taste not in TASTES:
            raise ConfigError(
                f"judge {spec.name!r}: no simulated taste {taste!r}{suggest(taste, TASTES)}; "
                f"there are: {', '.join(TASTES)}"
            )
        settings: dict[str, Any] = {
            name: float(value) for name, value in asdict(TASTES[taste]).items() if name != "facets"
        }
        for name, value in spec.params.items():
            if name not in settings or isinstance(value, bool) or not isinstance(value, int | float):
                raise ConfigError(
                    f"judge {spec.name!r}: params.{name} = {value!r}{suggest(name, settings)}; a simulated judge takes "
                    f"numbers for: {', '.join(settings)}"
                )
            settings[name] = float(value)
        return cls(spec.name, Taste(**settings), spec.protocol, model=spec.model)

    @property
    def endpoint(self) -> str:
        """Its own name: it shares a rate limit with nobody."""
        return f"simulated:{self.name}"

    def recipe(self) -> dict[str, Any]:
        """Return its taste."""
        taste = {name: value for name, value in asdict(self.taste).items() if value != {}}
        return {"model": "simulated", "taste": taste, "protocol": self.protocol}

    def price_ceiling(self, showing: records.Showing) -> float | None:
        """Return nothing but zero: it is free."""
        del showing
        return 0.0

    async def decide(self, showing: records.Showing, *, roomier: bool = False) -> records.Reply:
        """Reply as its taste has it, in the words a model would use; the same showing gets the same reply."""
        del roomier
        rng = random.Random(f"{showing.token}|{self.name}")
        second = showing.second
        text = self._score(showing, rng) if second is None else self._choice(showing, second, rng)
        return records.Reply(text=text, cost_usd=0.0, model=self.model)

    def _choice(self, showing: records.Showing, second: records.Answer, rng: random.Random) -> str:
        if rng.random() < self.taste.ties:
            return json.dumps({"choice": "tie", "rationale": "Simulated."})
        logit = self._utility(showing.first, showing) - self._utility(second, showing) + self.taste.position
        first = rng.random() < 1 / (1 + math.exp(-logit))
        return json.dumps({"choice": "A" if first else "B", "rationale": "Simulated."})

    def _score(self, showing: records.Showing, rng: random.Random) -> str:
        latent = 5.5 + self._utility(showing.first, showing) + rng.gauss(0, 1)
        return json.dumps({"score": min(10, max(1, round(latent))), "rationale": "Simulated."})

    def _utility(self, answer: records.Answer, showing: records.Showing) -> float:
        of_question = random.Random(f"{showing.question}|{self.name}")
        truth, style = (of_question.gauss(mean, self.taste.spread) for mean in (self.taste.truth, self.taste.style))
        t, s = (0.5 if answer.true else -0.5), (0.5 if _styled(answer) else -0.5)
        of_facets = sum(self.taste.facets.get(style.facet, 0.0) for style in answer.style)
        return truth * t + style * s + self.taste.style_x_truth * t * s + of_facets


def _styled(answer: records.Answer) -> bool:
    """Whether an answer carries style a reader could pay for; placebos do not count."""
    return any(not style.facet.startswith("placebo.") for style in answer.style)
