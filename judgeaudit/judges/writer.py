"""A model that fills in a form: one structured reply per call, kept by its content so that nothing is paid for twice.

Instructor states the form to the model and reads the reply; asking again is not left to it. A reply that is no filled
form becomes a `ReplyError`, and whoever asked decides whether to say so to the model.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from judgeaudit.errors import ConfigError, ReplyError, TransientError
from judgeaudit.files import write_whole
from judgeaudit.judges.api import dollars, goes_lean, longest_reply, open_door, price_of, settings_of
from judgeaudit.judges.transport import load_litellm
from judgeaudit.records import JudgeSpec, Reply, Usage, digest

Form = TypeVar("Form", bound=BaseModel)
Message = dict[str, str]

_DEFAULTS: Final[dict[str, Any]] = {"temperature": 0, "max_tokens": 2000}
_OVERHEAD_TOKENS: Final = 64
_REFUSALS: Final = ("refusal", "content_filter")
_FENCED: Final = re.compile(r"```(?:json)?\s*(\{.*\})\s*```", re.DOTALL)
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 60.0


class Purse(Protocol):
    """What pays for calls: the worst case is set aside before each, and settled after it."""

    async def reserve(self, ceiling: float) -> int:
        """Set aside the most a call can cost and return a receipt; raises `BudgetError` where it cannot be afforded."""
        ...

    def settle(self, receipt: int, cost: float | None) -> None:
        """Replace what was set aside by what the call cost; None books all of it."""
        ...


@cache
def load_instructor() -> Any:
    """Import instructor; it says nothing by itself of a reply that fails, since we count and report those."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import instructor
        import instructor.core.exceptions
    logging.getLogger("instructor").setLevel(logging.CRITICAL + 1)
    return instructor


class FormWriter:
    """A model that answers with a filled form.

    Settings default to temperature 0, 2000 tokens, and seed 0 where the provider takes one.

    Parameters
    ----------
    spec
        How to reach the model; prompt and protocol of the specification are not used.
    cache_dir
        A directory that keeps every reply as received, by the hash of all that could change it; None keeps nothing.
    purse
        What pays; None for no limit.
    timeout_s
        Seconds for one attempt.
    retries
        Further attempts after a failure that may pass (a busy endpoint, a dropped connection).
    concurrency
        The most calls in flight at once.

    Raises
    ------
    ConfigError
        When the model cannot be reached as specified, or a purse should pay for a model whose price is unknown
        or whose replies have no limit.
    """

    def __init__(
        self, spec: JudgeSpec, cache_dir: Path | None = None, purse: Purse | None = None, *, timeout_s: float = 120.0,
        retries: int = 6, concurrency: int = 8,
    ) -> None:  # fmt: skip
        lean = goes_lean(spec)
        self.name, self.model = spec.name, spec.model
        self._spec, self._cache_dir, self._purse = spec, cache_dir, purse
        self._timeout_s, self._retries, self._gate = timeout_s, retries, asyncio.Semaphore(concurrency)
        self._door, self._price = open_door(spec, lean=lean), price_of(spec, lean=lean)
        self._settings = settings_of(spec, {**_DEFAULTS, **_seed(spec, lean=lean)})
        self._room = longest_reply(self._settings)
        self.cost_usd: float | None = 0.0
        """US dollars that the replies used so far have cost, those kept from earlier among them; None where unknown."""
        if purse is not None and self._price is None:
            raise ConfigError(
                f"{spec.name!r}: max_cost_usd needs a known price; state it with price: [dollars per million prompt "
                "tokens, dollars per million completion tokens], or leave the cap out"
            )
        if purse is not None and self._room is None:
            raise ConfigError(
                f"{spec.name!r}: max_cost_usd needs a limit on each reply; give params a max_tokens that is not null, "
                "or leave the cap out"
            )

    def __repr__(self) -> str:
        """Name the model, never its key."""
        return f"FormWriter(name={self.name!r}, model={self.model!r})"

    def recipe(self) -> dict[str, Any]:
        """All of the model's side that could change a reply."""
        return {"model": self.model, "api_base": self._spec.api_base, "settings": self._settings}

    async def fill(self, messages: Sequence[Message], form: type[Form]) -> Form:
        """Ask once for a filled form.

        Raises
        ------
        ReplyError
            ``malformed`` (the message says what is wrong with it), ``truncated`` or ``refusal``.
        TransientError, PermanentError
            No reply came, however often it was asked for.
        BudgetError
            The call could cross the cap; it was not made.
        """
        instructor = load_instructor()
        texts = list[str]()

        async def complete(*, messages: list[Message], response_format: Mapping[str, Any], **_: Any) -> Any:
            reply = await self._reply(messages, response_format)
            texts.append(reply.text)
            return _completion(_usable(reply))

        client = instructor.from_litellm(complete, mode=instructor.Mode.JSON_SCHEMA)
        try:
            filled = await client.chat.completions.create(
                model=self.model, messages=list(messages), response_model=form, max_retries=0
            )
        except instructor.core.exceptions.InstructorRetryException as error:
            cause = error.__cause__
            if not isinstance(cause, ValueError):  # ours, or a fault of the program: what was raised inside
                raise cause or error from None
            raise ReplyError(_faults(cause), reason="malformed", text=texts[-1]) from cause
        return form.model_validate(filled.model_dump())

    async def close(self) -> None:
        """Close its connections."""
        await self._door.close()

    async def _reply(self, messages: list[Message], response_format: Mapping[str, Any]) -> Reply:
        """Return the reply to a request, from the cache where it was asked before."""
        settings = {**self._settings, "response_format": dict(response_format)}
        request = {"model": self.model, "api_base": self._spec.api_base, "settings": settings, "messages": messages}
        kept = self._cache_dir / f"{digest(request)}.json" if self._cache_dir else None
        if kept and kept.is_file():
            reply = Reply.model_validate_json(json.dumps(json.loads(kept.read_text(encoding="utf-8"))["reply"]))
        else:
            async with self._gate:
                reply = await self._persist(messages, settings)
            if kept:
                _keep(kept, {"request": request, "reply": reply.model_dump(mode="json")})
        self.cost_usd = None if self.cost_usd is None or reply.cost_usd is None else self.cost_usd + reply.cost_usd
        return reply

    async def _persist(self, messages: list[Message], settings: Mapping[str, Any]) -> Reply:
        failures = 0
        while True:
            try:
                return await self._pay_and_send(messages, settings)
            except TransientError as error:
                if failures >= self._retries:
                    raise
                wait = _FIRST_WAIT_S * 2**failures if error.retry_after_s is None else error.retry_after_s
                failures += 1
                await asyncio.sleep(min(wait, _LONGEST_WAIT_S))

    async def _pay_and_send(self, messages: list[Message], settings: Mapping[str, Any]) -> Reply:
        if self._purse is None or self._price is None or self._room is None:
            return await self._send(messages, settings)
        prompt = len(json.dumps([messages, settings], ensure_ascii=False).encode("utf-8", "replace"))
        most = Usage(prompt_tokens=prompt + _OVERHEAD_TOKENS, completion_tokens=self._room)
        receipt, cost = await self._purse.reserve(dollars(self._price, most)), None
        try:
            reply = await self._send(messages, settings)
            cost = reply.cost_usd
        finally:
            self._purse.settle(receipt, cost)
        return reply

    async def _send(self, messages: list[Message], settings: Mapping[str, Any]) -> Reply:
        try:
            async with asyncio.timeout(self._timeout_s):
                reply = await self._door.complete(messages, settings)
        except TimeoutError as error:
            raise TransientError(f"{self.name}: no reply in {self._timeout_s:g} s", reason="timeout") from error
        if self._spec.price is None or reply.usage == Usage():
            return reply
        return reply.model_copy(update={"cost_usd": dollars(self._spec.price, reply.usage)})


def _seed(spec: JudgeSpec, *, lean: bool) -> dict[str, Any]:
    if lean:
        return {}
    return {"seed": 0} if "seed" in (load_litellm().get_supported_openai_params(model=spec.model) or ()) else {}


def _usable(reply: Reply) -> Reply:
    """Return the reply, unless the model declined or was cut off."""
    if reply.finish_reason in _REFUSALS:
        raise ReplyError("the model declined to reply", reason="refusal", text=reply.text)
    if reply.finish_reason == "length":
        raise ReplyError("the reply was cut off; keep it shorter", reason="truncated", text=reply.text)
    return reply


def _completion(reply: Reply) -> Any:
    """Return a reply in the form in which instructor reads one."""
    from openai.types.chat import ChatCompletion

    fenced = _FENCED.fullmatch(reply.text.strip())
    message = {"role": "assistant", "content": fenced[1] if fenced else reply.text}
    return ChatCompletion.model_validate({
        "id": "reply", "object": "chat.completion", "created": 0, "model": reply.model or "unknown",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
    })  # fmt: skip


def _faults(cause: ValueError) -> str:
    """Say what is wrong with a form, field by field, without quoting it at length."""
    if not isinstance(cause, ValidationError):
        return " ".join(str(cause).split())[:300]
    faults = (f"{'.'.join(map(str, e['loc'])) or 'reply'}: {e['msg']}" for e in cause.errors()[:5])
    return "; ".join(faults)


def _keep(path: Path, content: Mapping[str, Any]) -> None:
    """Write a reply beside its request, for its owner only."""
    write_whole(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
