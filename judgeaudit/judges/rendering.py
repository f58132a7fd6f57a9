"""Turns a prompt template and what a judge is to see into the text that is sent (pure, but for reading the file)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from judgeaudit import records
from judgeaudit.assets import find_asset
from judgeaudit.errors import PromptError, UsageError

_PLACEHOLDER = re.compile(r"\$(question|answer_a|answer_b|answer|reference|fence)(?![A-Za-z0-9_])")
_UNFILLED = {name: f"${name}" for name in ("question", "answer_a", "answer_b", "answer", "reference", "fence")}
"""What a placeholder without a value stays."""
_NEEDED: dict[records.Protocol, tuple[str, ...]] = {
    "pairwise": ("question", "answer_a", "answer_b"),
    "reference": ("question", "answer_a", "answer_b", "reference"),
    "score": ("question",),
}
_LARGEST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Template:
    """A judge's prompt with its placeholders."""

    name: str
    """The shipped name, or the file it was read from."""
    text: str

    @property
    def asks_for_json(self) -> bool:
        """Whether the prompt names the fields of a JSON reply, so that a reply schema does not contradict it."""
        return '"choice"' in self.text or '"score"' in self.text


def load_template(name_or_path: str | None, protocol: records.Protocol) -> Template:
    """Load a shipped prompt by its name or a user's own by its path; None takes the protocol's default.

    Raises
    ------
    PromptError
        When there is no such prompt, it cannot be read, or it lacks a placeholder that the protocol needs.
    """
    source = name_or_path or protocol
    template = Template(source, _source(source))
    _check(template, protocol)
    return template


def _source(source: str) -> str:
    path = _path(source)
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_BYTES + 1).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"prompt {source!r} cannot be read ({error}); give the path of a UTF-8 text file") from error
    if len(text) > _LARGEST_BYTES:
        raise PromptError(f"prompt {source!r} is larger than {_LARGEST_BYTES} bytes; a judge's prompt is a page or two")
    return text


def _path(source: str) -> Path:
    if re.search(r"[/\\.]", source):
        return Path(source)
    try:
        return find_asset("prompts", source, ".md")
    except UsageError as error:
        raise PromptError(f"{error}; or give the path of your own template, such as ./{source}.md") from error


def _check(template: Template, protocol: records.Protocol) -> None:
    present = set(_PLACEHOLDER.findall(template.text))
    lacking = [f"${name}" for name in _NEEDED[protocol] if name not in present]
    if protocol == "score":
        if "answer_b" in present:
            raise PromptError(
                f"prompt {template.name!r} has $answer_b, but the score protocol shows one answer at a time; "
                "use $answer, or set protocol: pairwise"
            )
        if not present & {"answer", "answer_a"}:
            lacking.append("$answer")
    if lacking:
        raise PromptError(
            f"prompt {template.name!r} lacks {', '.join(lacking)}, which the {protocol} protocol needs; "
            "placeholders are $question, $answer_a, $answer_b, $answer (score), $reference and $fence"
        )


def render(template: Template, showing: records.Showing) -> str:
    """Return the prompt for one showing: every placeholder replaced once, data never read as template.

    A ``$name`` that is not a placeholder stays as it is, and so does whatever looks like one inside the data.
    """
    values = {"question": showing.question, "reference": showing.reference, "answer_a": showing.first.text}
    if showing.second is None:
        values["answer"] = showing.first.text
    else:
        values["answer_b"] = showing.second.text
    values["fence"] = _fence(showing.token, values)
    return _form(template.text) % (_UNFILLED | values)


@cache
def _form(text: str) -> str:
    """Turn a template, once for all its renderings, into a form that is filled in one pass and reads no value."""
    pieces = _PLACEHOLDER.split(text.replace("%", "%%"))
    return "".join(f"%({piece})s" if place % 2 else piece for place, piece in enumerate(pieces))


def _fence(token: str, values: dict[str, str]) -> str:
    """Return the token, or a successor of it that occurs in none of the texts, so that no text can close its fence."""
    everything = "\n".join(values.values())
    while token in everything:
        token = records.digest(token)[:8]
    return token
