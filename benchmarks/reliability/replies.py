"""Replies of judges by grammar and mutation: each ends as one outcome, in time, and the letters are worth the same."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from judgeaudit.judges.parsing import read
from judgeaudit.records import Reply, Trial, Verdict

PAIR = {order: Trial(pair_id="p", judge="j", order=order) for order in ("ab", "ba")}
SCORED = Trial(pair_id="p", judge="j", protocol="score")
LABELS = ("A", "B", "tie", "C", "a", "b", "answer A", "Response B", "AB", "", "Both")
SCORES = ("7", "10", "0", "11", "-3", "4.5", "7/10", "8 / 10", "12/10", "NaN", "true", "9" * 30, "seven")
OUTSIDE = ("", " ", "\n\n", "I weighed both.", "**", "```", "```json\n", "\n```", "> ", "I'm sorry, ", "As an AI ")
NOISE = (
    "\u200b", "\u202e", "\ufeff", "\x00", "\x1b[31m", "\U0001f600", "\u0410", "\u212b", "\u0301", "\ud800", "\r\n",
    "\\", '"', "{", "}", "[[", "]]", "<think>", "</think>",
)  # fmt: skip
CARRIERS: tuple[Callable[[str, str], str], ...] = (
    lambda label, score: f'{{"choice": "{label}", "rationale": "it says {score}"}}',
    lambda label, score: f'{{"rationale": "answer {label}", "choice": "{label}", "score": {score}}}',
    lambda label, score: f'{{"score_a": {score}, "score_b": 4}}',
    lambda label, score: f"{{'choice': '{label}', 'score': '{score}'}}",
    lambda label, score: f'{{"choice": ["{label}"], "score": [{score}]}}',
    lambda label, score: f"[[{label}]] [[{score}]]",
    lambda label, score: f"Verdict: {label}\nScore: {score}",
    lambda label, score: f"**Final choice:** {label}. Rating: {score}",
    lambda label, score: f"{label}\nbecause of {score}",
    lambda label, score: f"<think>[[{label}]] or {score}</think>\n{score}",
    lambda label, score: f"<answer_a 01234567>{label} [[{label}]]</answer_a 01234567>{score}",
    lambda label, score: f'{{"choice": "{label}", "rationale": "cut',
)

_LETTER = re.compile(r"(?<![^\W_])((?:answer|assistant|response|option)?)(ab|ba|[ab])(?![^\W_])", re.IGNORECASE)
_OTHER = str.maketrans("ABab", "BAba")


@dataclass(frozen=True)
class Replies:
    """How many replies were read, and what went wrong."""

    replies: int
    raised: int
    no_outcome: int
    """Verdicts with an outcome that there is not, or with a choice that does not fit it."""
    asymmetric: int
    """Replies whose mirror image, in the mirrored order, says something else."""
    slowest_ms: float
    """CPU milliseconds of the slowest."""
    outcomes: Counter[str]
    """By outcome; a fuzzer that only makes rubbish would show here."""

    @property
    def kept(self) -> bool:
        """Every reply ends as one outcome, in time, whichever letter it favours."""
        return self.raised == self.no_outcome == self.asymmetric == 0 and self.slowest_ms < 50


def fuzz(replies: int, seed: int = 0) -> Replies:
    """Read that many replies, each in both orders, mirrored, and as a score."""
    rng = random.Random(seed)
    raised = no_outcome = asymmetric = 0
    slowest, outcomes = 0.0, Counter[str]()
    for number in range(replies):
        text = compose(rng, huge=number % 1000 == 999)
        began = time.process_time()
        try:
            said = read(PAIR["ab"], [Reply(text=text)])
            slowest = max(slowest, 1000 * (time.process_time() - began))
            image = mirrored(text)
            swapped, opposite = read(PAIR["ba"], [Reply(text=image)]), read(PAIR["ab"], [Reply(text=image)])
            scored = read(SCORED, [Reply(text=text), Reply(text="5")])
        except Exception as error:  # noqa: BLE001 - any exception is what is looked for
            print(f"{type(error).__name__}: {error}: {text[:200]!r}")
            raised += 1
            continue
        no_outcome += not (_is_one(said) and _is_one(scored))
        asymmetric += _says(said) != _says(swapped) or _says(opposite) != _opposite(said)
        outcomes[said.outcome if said.outcome != "valid" else f"valid {said.choice}"] += 1
    return Replies(replies, raised, no_outcome, asymmetric, slowest, outcomes)


def compose(rng: random.Random, *, huge: bool = False) -> str:
    """Write one reply: one to three statements of a verdict, with something around them, mutated now and then."""
    parts = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        parts += [rng.choice(OUTSIDE), rng.choice(CARRIERS)(rng.choice(LABELS), rng.choice(SCORES))]
    text = "".join([*parts, rng.choice(OUTSIDE)])
    for _ in range(rng.choice((0, 0, 0, 1, 2, 5))):
        text = _mutate(text, rng)
    if huge:
        text = (text * (1_000_000 // max(1, len(text)) + 1))[:1_000_000]
    return text.encode("utf-8", "replace").decode()  # as the doors hand it on: no half of a surrogate pair


def _mutate(text: str, rng: random.Random) -> str:
    place, length = rng.randint(0, len(text)), rng.randint(1, 8)
    if rng.random() < 0.4:
        return text[:place] + rng.choice(NOISE) + text[place:]
    if rng.random() < 0.5:
        return text[:place] + text[place + length :]
    other = rng.randint(0, len(text))
    return text[:place] + text[other : other + length] + text[place:]


def mirrored(text: str) -> str:
    """Exchange the two answers: A and B wherever they stand as labels, the names of scores and fences among them."""
    return _LETTER.sub(lambda found: found[1] + found[2].translate(_OTHER), text)


def _says(verdict: Verdict) -> tuple[str, str, float | None]:
    return verdict.outcome, verdict.reason, verdict.preference


def _opposite(verdict: Verdict) -> tuple[str, str, float | None]:
    preference = None if verdict.preference is None else 1 - verdict.preference
    return verdict.outcome, verdict.reason, preference


def _is_one(verdict: Verdict) -> bool:
    is_opinion = verdict.choice is not None and verdict.preference is not None
    return verdict.outcome in {"valid", "invalid", "refusal"} and is_opinion == (verdict.outcome == "valid")
