"""Reads replies into verdicts: the one place in which the order swap is undone.

A reply is read in terms of the screen (``A`` was shown first), and ``read`` turns that into terms of the pair. What is
not plainly one verdict is ``invalid`` with its reason; nothing here prefers a label, a position, or a tie. Every scan
takes time linear in the length of the reply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, Final, Literal

from judgeaudit.errors import UsageError
from judgeaudit.judges.transport import well_formed
from judgeaudit.records import Choice, Outcome, Reading, Reply, Trial, Verdict

PARSER_VERSION: Final = 1
"""Part of every trial's key: a reading by other rules is another verdict."""

Label = Literal["A", "B", "tie"]
_SHARE: Final[dict[Label, float]] = {"A": 1.0, "B": 0.0, "tie": 0.5}
_LONGEST_JSON = 65_536
_SHORTEST_ECHO = 40
_LONGEST_VISIBLE = 150_000
"""Characters; what is longer, thoughts apart, is no verdict on two answers of a page or two."""

LONGEST_PATTERN_S: Final = 0.1
"""How long a pattern of the user's own may take over one reply."""

_NOUN = r"(?:answer|assistant|response|option)"
_LABEL = re.compile(rf"(?:{_NOUN}[ _-]?)?(?:(?P<letter>[ab])|tie)", re.IGNORECASE)
_CHOICE_FIELD = re.compile(
    r"""["']choice["']\s{0,9}:\s{0,9}["']([^"'\n]{1,20})["'](?=\s{0,9}(?:[,}]|\Z))""", re.IGNORECASE
)
_BRACKETS = re.compile(r"\[\[[ \t]{0,3}(a|b|c|tie)[ \t]{0,3}\]\]", re.IGNORECASE)
_VERDICT_LINE = re.compile(
    r"^[ \t>*#_-]{0,9}(?:my |the |final |overall ){0,3}"
    r"(?:verdict|choice|winner|decision|judge?ment|preference|(?:better|preferred|winning) (?:answer|response))"
    r"[*_ \t]{0,4}(?::|=| is\b)[*_ \t\"'(\[]{0,9}"
    rf"((?:{_NOUN}[ _-]?)?(?:[ab]|tie))[*_ \t\"')\].!]{{0,9}}$",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBER = r"(-?\d{1,6}(?:\.\d{1,6})?)(?:[ \t]?/[ \t]?10(?!\d)|(?![\w/%]|\.\d))"
_SCORE_FIELD = re.compile(rf"""["']score["']\s{{0,9}}:\s{{0,9}}["']?{_NUMBER}""", re.IGNORECASE)
_SCORE_BRACKETS = re.compile(rf"\[\[[ \t]{{0,3}}{_NUMBER}[ \t]{{0,3}}\]\]")
_SCORE_LINE = re.compile(
    r"^[ \t>*#_-]{0,9}(?:my |the |final |overall ){0,3}(?:score|rating|grade)"
    rf"[*_ \t]{{0,4}}(?::|=| is\b)[*_ \t]{{0,9}}{_NUMBER}",
    re.IGNORECASE | re.MULTILINE,
)
_PLAIN_NUMBER = re.compile(r"[-+]?\d{1,6}(?:\.\d{1,6})?")
_SCORE_ALONE = re.compile(rf"{_NUMBER}[.!]?")
_THOUGHT = re.compile(r"<(?:think|thinking|thought|reasoning)>")
_THOUGHT_ENDS: Final = ("</think>", "</thinking>", "</thought>", "</reasoning>")
_FENCE_TAG = re.compile(r"<(/?)(answer(?:_[ab])?|question|trusted) ([0-9a-f]{8})>")
_REFUSAL = re.compile(
    r"\W{0,5}(?:i['’]?m (?:very )?sorry|i am (?:very )?sorry|sorry|i apologi[sz]e|i cannot|i can['’]?t|i can not|"
    r"i won['’]?t|i(?: a|['’])m (?:unable|not able)|as an ai\b|as a language model)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one reply says, in terms of the screen."""

    share: float | None = None
    """1 where the answer shown first won, 0 where the second did, 0.5 for a tie, or graded."""
    scores: tuple[float, ...] = ()
    """The score of the answer shown, or of the first and the second."""
    outcome: Outcome = "valid"
    reason: str = ""
    rationale: str = ""


def read(
    trial: Trial, replies: Sequence[Reply], *, echoes: Iterable[str] = (), reading: Reading | None = None
) -> Verdict:
    """Read what a judge replied in one trial: one reply for a pair, two (about ``a``, then ``b``) for scores.

    Parameters
    ----------
    trial
        The cell; its order says which answer was shown first.
    replies
        What came back.
    echoes
        The judged texts: labels inside a verbatim echo of one of them are not verdicts.
    reading
        The form in which this judge states its verdict; None for the usual ones.

    Raises
    ------
    UsageError
        When the number of replies does not fit the protocol. No text of a reply raises anything.

    Examples
    --------
    >>> read(Trial(pair_id="p", judge="j", order="ba"), [Reply(text='{"choice": "A"}')]).choice
    'b'
    """
    expected = 2 if trial.protocol == "score" else 1
    if len(replies) != expected:
        raise UsageError(f"the {trial.protocol} protocol takes {expected} replies a trial, not {len(replies)}")
    echoed = tuple(echoes)
    if trial.protocol == "score":
        return _from_scores(trial, replies, [_read_score(reply, echoed, reading) for reply in replies])
    return _from_choice(trial, replies, _read_choice(replies[0], echoed, reading))


def is_truncated(reply: Reply) -> bool:
    """Whether the judge ran out of tokens before it said anything, as one that thinks at length does."""
    if reply.finish_reason != "length" or reply.first_share is not None or reply.score is not None:
        return False
    return not _without_thoughts(reply.text).strip()


# ------------------------------------------------------------------------------------------ screen to pair


def _from_choice(trial: Trial, replies: Sequence[Reply], reading: _Reading) -> Verdict:
    if reading.share is None:
        return _verdict(trial, replies, [reading])
    swapped = trial.order == "ba"
    preference = 1.0 - reading.share if swapped else reading.share
    scores = reading.scores[::-1] if swapped else reading.scores
    return _verdict(trial, replies, [reading], preference, scores)


def _from_scores(trial: Trial, replies: Sequence[Reply], readings: list[_Reading]) -> Verdict:
    failed = [reading for reading in readings if reading.outcome != "valid"]
    if failed:
        return _verdict(trial, replies, readings)
    (score_a,), (score_b,) = (reading.scores for reading in readings)
    return _verdict(trial, replies, readings, _sign_share(score_a - score_b), (score_a, score_b))


def _sign_share(difference: float) -> float:
    return 1.0 if difference > 0 else 0.0 if difference < 0 else 0.5


def _choice_of(preference: float) -> Choice:
    return "a" if preference > 0.5 else "b" if preference < 0.5 else "tie"


def _verdict(
    trial: Trial,
    replies: Sequence[Reply],
    readings: list[_Reading],
    preference: float | None = None,
    scores: tuple[float, ...] = (),
) -> Verdict:
    # A refusal outranks a reply that cannot be read; beyond that the alphabet decides, which no order can sway.
    worst = max(readings, key=lambda reading: (reading.outcome != "valid", reading.outcome, reading.reason))
    costs = [reply.cost_usd for reply in replies]
    return Verdict(
        trial=trial,
        outcome=worst.outcome,
        choice=None if preference is None else _choice_of(preference),
        preference=preference,
        score_a=scores[0] if scores else None,
        score_b=scores[1] if scores else None,
        reason=worst.reason,
        raw="\n\n".join(reply.text for reply in replies),
        rationale="\n\n".join(reading.rationale for reading in readings if reading.rationale),
        usage=reduce(add, (reply.usage for reply in replies)),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        latency_s=sum(reply.latency_s for reply in replies),
        attempts=len(replies),
        model=replies[0].model,
    )


# ----------------------------------------------------------------------------------------------- a choice


def _read_choice(reply: Reply, echoes: tuple[str, ...], reading: Reading | None) -> _Reading:
    if reply.first_share is not None:
        return _Reading(share=reply.first_share)
    text = _without_thoughts(reply.text)
    if len(text) > _LONGEST_VISIBLE:
        return _Reading(outcome="invalid", reason="too_long")
    if reading is not None:
        return _read_otherwise(reply, _without_echoes(text, echoes), reading)
    fields = _whole_json(text)
    if fields is not None and not _filtered(reply) and fields.keys() & {"choice", "score_a", "score_b"}:
        return _choice_from_json(fields)
    plain = _without_echoes(text, echoes)
    labels = _marked_labels(plain) or _bare_labels(plain)
    if _filtered(reply) or not labels:
        return _nothing_read(reply, plain, "no_choice")
    return _from_labels(labels)


def _read_otherwise(reply: Reply, text: str, reading: Reading) -> _Reading:
    """Read a verdict in a form of the user's own; one that is stated twice must be the same."""
    stated = _stated(reply, text, reading, "no_choice")
    if isinstance(stated, _Reading):
        return stated
    labels = {reading.label_of(label) for label in stated}
    if None in labels:
        return _Reading(outcome="invalid", reason="no_choice")
    return _from_labels({label for label in labels if label is not None})


def _stated(reply: Reply, text: str, reading: Reading, lacking: str) -> list[str] | _Reading:
    """Return what the pattern finds, or why that is nothing: a pattern that backtracks may take too long."""
    import regex

    try:
        found = list(regex.finditer(reading.pattern, text, timeout=LONGEST_PATTERN_S))
    except TimeoutError:
        return _Reading(outcome="invalid", reason="pattern_too_slow")
    if _filtered(reply) or not found:
        return _nothing_read(reply, text, lacking)
    return [(match[1] if match.re.groups else match[0]) or "" for match in found]


def _from_labels(labels: set[Label], rationale: str = "", scores: tuple[float, ...] = ()) -> _Reading:
    if len(labels) > 1:
        return _Reading(outcome="invalid", reason="two_choices", rationale=rationale)
    return _Reading(share=_SHARE[labels.pop()], rationale=rationale, scores=scores)


def _choice_from_json(fields: dict[str, list[Any]]) -> _Reading:
    rationale = _rationale(fields)
    both = _both_scores(fields)
    if "choice" in fields:
        labels = {_label(value) for value in fields["choice"]}
        if None in labels:
            return _Reading(outcome="invalid", reason="no_choice", rationale=rationale)
        return _from_labels({label for label in labels if label is not None}, rationale, both)
    if not both:
        return _Reading(outcome="invalid", reason="bad_score", rationale=rationale)
    return _Reading(share=_sign_share(both[0] - both[1]), scores=both, rationale=rationale)


def _both_scores(fields: dict[str, list[Any]]) -> tuple[float, ...]:
    """Return the scores of both answers, or nothing when one is lacking or is none."""
    if not {"score_a", "score_b"} <= fields.keys():
        return ()
    scores = [_score_value(fields[name]) for name in ("score_a", "score_b")]
    return tuple(score for score in scores if score is not None) if None not in scores else ()


def _label(value: Any) -> Label | None:
    found = _LABEL.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 40 else None
    if not found:
        return None
    letter = found["letter"]
    return "tie" if letter is None else "A" if letter in "aA" else "B"


def _marked_labels(text: str) -> set[Label]:
    """Every label the text marks as a verdict: a JSON field, double brackets, or a line that says so."""
    marks = {*_CHOICE_FIELD.findall(text), *_VERDICT_LINE.findall(text)}
    marks |= {"tie" if mark in "cC" else mark for mark in _BRACKETS.findall(text)}
    return {label for mark in marks if (label := _label(mark))}


def _bare_labels(text: str) -> set[Label]:
    """Labels that stand alone on the first or the last line."""
    first, _, rest = text.strip().partition("\n")
    lines = (first, rest[rest.rstrip().rfind("\n") + 1 :])
    return {label for line in lines if len(line) < 40 and (label := _label(line.strip(" \t\r\n*_`\"'().:#![]")))}


# ------------------------------------------------------------------------------------------------ a score


def _read_score(reply: Reply, echoes: tuple[str, ...], reading: Reading | None) -> _Reading:
    if reply.score is not None:
        return _Reading(scores=(reply.score,))
    text = _without_thoughts(reply.text)
    if len(text) > _LONGEST_VISIBLE:
        return _Reading(outcome="invalid", reason="too_long")
    if reading is not None:
        return _read_score_otherwise(reply, _without_echoes(text, echoes), reading)
    fields = _whole_json(text)
    if fields is not None and not _filtered(reply) and "score" in fields:
        return _from_scored({_score_value([value]) for value in fields["score"]}, _rationale(fields))
    plain = _without_echoes(text, echoes)
    numbers = [*_SCORE_FIELD.findall(plain), *_SCORE_BRACKETS.findall(plain), *_SCORE_LINE.findall(plain)]
    alone = _SCORE_ALONE.fullmatch(plain.strip()) if len(plain) < 200 else None
    if alone and not numbers:
        numbers = [alone[1]]
    if _filtered(reply) or not numbers:
        return _nothing_read(reply, plain, "no_score")
    return _from_scored({_in_range(float(number)) for number in numbers})


def _read_score_otherwise(reply: Reply, text: str, reading: Reading) -> _Reading:
    """Read a score in a form, and on a scale, of the user's own."""
    stated = _stated(reply, text, reading, "no_score")
    if isinstance(stated, _Reading):
        return stated
    return _from_scored({float(number) if _PLAIN_NUMBER.fullmatch(number.strip()) else None for number in stated})


def _from_scored(scores: set[float | None], rationale: str = "") -> _Reading:
    if len(scores) > 1:
        return _Reading(outcome="invalid", reason="two_scores", rationale=rationale)
    score = scores.pop()
    if score is None:
        return _Reading(outcome="invalid", reason="bad_score", rationale=rationale)
    return _Reading(scores=(score,), rationale=rationale)


def _score_value(values: list[Any]) -> float | None:
    """Return the one number from 1 to 10 that a field gives, or None; True is not 1."""
    if len(values) != 1 or isinstance(values[0], bool):
        return None
    value = values[0]
    if isinstance(value, str):
        found = _SCORE_ALONE.fullmatch(value.strip()) if len(value) < 40 else None
        return _in_range(float(found[1])) if found else None
    return _in_range(value) if isinstance(value, int | float) else None


def _in_range(score: float) -> float | None:
    return float(score) if 1 <= score <= 10 else None


# -------------------------------------------------------------------------------------------------- text


def _filtered(reply: Reply) -> bool:
    return reply.finish_reason in {"content_filter", "refusal"}


def _nothing_read(reply: Reply, text: str, reason: str) -> _Reading:
    """Say why a reply holds no verdict."""
    if _filtered(reply):
        return _Reading(outcome="refusal", reason="refused" if reply.finish_reason == "refusal" else "content_filter")
    if reply.finish_reason == "length":
        return _Reading(outcome="invalid", reason="truncated")
    if not reply.text.strip():
        return _Reading(outcome="invalid", reason="empty")
    if _REFUSAL.match(text.lstrip()[:200]):
        return _Reading(outcome="refusal", reason="refused")
    return _Reading(outcome="invalid", reason=reason)


def _whole_json(text: str) -> dict[str, list[Any]] | None:
    """Read the reply as one JSON object, bare or in a code fence: each field with every value it was given."""
    body = text.strip()
    if body.startswith("```"):
        body = body.partition("\n")[2].removesuffix("```").rstrip()
    if not (body.startswith("{") and body.endswith("}") and len(body) <= _LONGEST_JSON):
        return None
    try:
        found = _JSON.decode(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, list[Any]]:
    fields: dict[str, list[Any]] = {}
    for name, value in pairs:
        fields.setdefault(name.lower(), []).append(value)
    return fields


_JSON: Final = json.JSONDecoder(object_pairs_hook=_fields)


def _rationale(fields: dict[str, list[Any]]) -> str:
    values = fields.get("rationale", [])
    return well_formed(values[0]) if len(values) == 1 and isinstance(values[0], str) else ""


def _without_thoughts(text: str) -> str:
    """Drop what stands in think tags: from the first that opens to the last that closes, also where one is lacking."""
    if "<" not in text:
        return text
    opening, closing = _THOUGHT.search(text), _last_closing(text)
    if opening is None or closing <= opening.start():
        return text[closing : opening.start() if opening else None]
    before, after = text[: opening.start()], text[closing:]
    unclosed = _THOUGHT.search(after)
    return before[_last_closing(before) :] + after[: unclosed.start() if unclosed else None]


def _last_closing(text: str) -> int:
    """Return the offset after the last closing think tag; 0 where there is none."""
    return max(text.rfind(tag) + len(tag) if tag in text else 0 for tag in _THOUGHT_ENDS)


def _without_echoes(text: str, echoes: tuple[str, ...]) -> str:
    """Drop fenced material and verbatim copies of the judged texts, which may carry labels of their own."""
    for echo in echoes:
        if len(echo) >= _SHORTEST_ECHO:
            text = text.replace(echo.strip(), " ")
    kept: list[str] = []
    position, opened = 0, ""
    for tag in _FENCE_TAG.finditer(text):
        closing, name = bool(tag[1]), f"{tag[2]} {tag[3]}"
        if not opened and not closing:
            kept.append(text[position : tag.start()])
            opened, position = name, tag.end()
        elif closing and name == opened:
            opened, position = "", tag.end()
    return "".join(kept) + text[position:]
