"""A judge behind an API: any provider that litellm reaches, or any OpenAI-compatible server."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from judgeaudit import records
from judgeaudit.errors import ConfigError, suggest
from judgeaudit.judges.redaction import Redactor, refuse_written_keys
from judgeaudit.judges.rendering import load_template, render
from judgeaudit.judges.transport import (
    Door,
    LeanDoor,
    LitellmDoor,
    is_filtered,
    load_litellm,
    no_reply,
    read_completion,
)
from judgeaudit.records import JudgeSpec, Reply, Showing, Usage

_DEFAULTS: Final[dict[str, Any]] = {"temperature": 0, "max_tokens": 400}
_LIMITS: Final[tuple[str, ...]] = ("max_tokens", "max_completion_tokens")
_OURS: Final = ("model", "messages", "stream")
_OVERHEAD_TOKENS: Final = 64
_CHARACTERS_PER_TOKEN: Final = 4.0
_USUAL_REPLY_TOKENS: Final = 80
_NO_KEY: Final = SecretStr("none")
_OPENAI_COMPATIBLE: Final = ("openai", "hosted_vllm")
_OK: Final = 200
_BATCH_SHARE: Final = 0.5
"""What providers with a batch interface ask for a batched call, as a share of the price (OpenAI, Anthropic, Google)."""


class ChoiceReply(BaseModel):
    """The reply of a judge that compares two answers."""

    model_config = ConfigDict(extra="forbid")
    choice: Literal["A", "B", "tie"]
    rationale: str


class ScoreReply(BaseModel):
    """The reply of a judge that grades one answer."""

    model_config = ConfigDict(extra="forbid")
    score: Literal[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    rationale: str


class ApiJudge:
    """A judge that is asked over the network, once per call; see `JudgeSpec` for what can be set.

    Settings default to temperature 0 and 400 tokens; a setting given as None is not sent at all. What a reply
    without a limit will cost cannot be told beforehand, so that no cap can be held.

    Raises
    ------
    ConfigError
        When the key's variable is unset, or litellm knows no provider for the model: nothing has been sent.
    PromptError
        When the prompt cannot be used.
    """

    note = ""
    parallel: int | None = None

    def __init__(self, spec: JudgeSpec) -> None:
        self._spec = spec
        self._template = load_template(spec.prompt, spec.protocol)
        self._lean = goes_lean(spec)
        self._door = open_door(spec, lean=self._lean)
        self._price = price_of(spec, lean=self._lean)
        self._redact = Redactor(None)
        self._settings = settings_of(spec, _DEFAULTS)
        if _structured(spec, lean=self._lean, asks_for_json=self._template.asks_for_json):
            self._settings.setdefault("response_format", _response_format(spec.protocol))

    def __repr__(self) -> str:
        """Name the judge and its model, never its key."""
        return f"ApiJudge(name={self.name!r}, model={self.model!r})"

    @property
    def name(self) -> str:
        """What every report calls it."""
        return self._spec.name

    @property
    def model(self) -> str:
        """Which model it is."""
        return self._spec.model

    @property
    def protocol(self) -> records.Protocol:
        """How it is asked."""
        return self._spec.protocol

    @property
    def reading(self) -> records.Reading | None:
        """How its replies are read, where in a form of their own."""
        return self._spec.reading

    @property
    def endpoint(self) -> str:
        """Host (or provider) and the name of the key, which share a rate limit."""
        base = self._spec.api_base
        host = urlsplit(base).netloc if base else self._spec.model.partition("/")[0]
        return f"{host}|{self._spec.api_key or ''}"

    @property
    def price(self) -> tuple[float, float] | None:
        """US dollars per million prompt and completion tokens; None where no price is known."""
        return self._price

    @property
    def batch_price(self) -> tuple[float, float] | None:
        """The price in a batch: a public one is halved, as providers do, and one that is stated is taken as it is."""
        if self._price is None or not self.takes_batches:
            return None
        share = _BATCH_SHARE if self._spec.price is None else 1.0
        return share * self._price[0], share * self._price[1]

    @property
    def host(self) -> str:
        """Where its key goes: to its own server, or to the provider's, which the environment may have moved."""
        base = self._spec.api_base or ("" if self._lean else _provider_base(self._spec.model))
        return urlsplit(base).netloc if base else self._spec.model.partition("/")[0]

    @property
    def retires(self) -> date | None:
        """When the provider takes the model away, where litellm's map knows it; a server of one's own never does."""
        if self._spec.api_base:
            return None
        known, model = load_litellm().model_cost, self._spec.model
        stated = (known.get(model) or known.get(model.partition("/")[2]) or {}).get("deprecation_date")
        return date.fromisoformat(stated) if stated else None

    @property
    def lacking(self) -> tuple[str, ...]:
        """Return the variables of the provider that are not set, where no key is named; empty where it can be asked."""
        if self._spec.api_key or self._spec.api_base:
            return ()
        return tuple(load_litellm().validate_environment(model=self._spec.model)["missing_keys"])

    def recipe(self) -> dict[str, Any]:
        """All that could change an answer: model, server, prompt and settings."""
        return {
            "model": self._spec.model,
            "api_base": self._spec.api_base,
            "protocol": self._spec.protocol,
            "prompt": self._template.text,
            "settings": self._settings,
        }

    def price_ceiling(self, showing: Showing) -> float | None:
        """Return the most that one call could cost in US dollars: a token is at least one byte of the prompt.

        None where no price is known, or no limit is set on the reply.
        """
        room = longest_reply(self._settings)
        if self._price is None or room is None:
            return None
        prompt = len(render(self._template, showing).encode("utf-8", "replace"))
        extras = len(json.dumps(self._settings)) + _OVERHEAD_TOKENS
        return dollars(self._price, Usage(prompt_tokens=prompt + extras, completion_tokens=room))

    def expected_usage(self, showing: Showing) -> Usage:
        """Return about how many tokens one call takes: English prose, and a reply of a sentence or two."""
        prompt = len(render(self._template, showing)) / _CHARACTERS_PER_TOKEN
        reply = min(longest_reply(self._settings) or _USUAL_REPLY_TOKENS, _USUAL_REPLY_TOKENS)
        return Usage(prompt_tokens=round(prompt) + 8, completion_tokens=reply)

    async def decide(self, showing: Showing, *, roomier: bool = False) -> Reply:
        """Ask once; ``roomier`` allows twice the tokens for the reply, where they are limited.

        Raises
        ------
        TransientError, PermanentError
            No reply came.
        """
        doubled = {name: 2 * self._settings[name] for name in _LIMITS if roomier and name in self._settings}
        message = {"role": "user", "content": render(self._template, showing)}
        reply = await self._door.complete([message], {**self._settings, **doubled})
        if self._spec.price is None:
            return reply
        known = reply.usage != Usage()
        return reply.model_copy(update={"cost_usd": dollars(self._spec.price, reply.usage) if known else None})

    @property
    def takes_batches(self) -> bool:
        """Whether it can be asked through files in the form of OpenAI's batch interface."""
        return self._lean or self._spec.model.partition("/")[0] in _OPENAI_COMPATIBLE or "/" not in self._spec.model

    def batch_body(self, showing: Showing) -> dict[str, Any]:
        """Return the request for one call, as a batch file holds it: what a live call would send."""
        message = {"role": "user", "content": render(self._template, showing)}
        return {"model": _served_name(self._spec.model), "messages": [message], **self._settings}

    def read_batch(self, status: int | None, body: Any) -> Reply:
        """Read what a batch brought for one call: the body of a completion, or of an error.

        Raises
        ------
        TransientError, PermanentError
            No reply came.
        """
        raw = json.dumps(body).encode()
        if status != _OK:
            return no_reply(status, self._redact(raw.decode()), {}, filtered=is_filtered(body))
        reply = read_completion(raw, self._redact, 0.0)
        if self.batch_price is None or reply.usage == Usage():
            return reply
        return reply.model_copy(update={"cost_usd": dollars(self.batch_price, reply.usage)})

    async def close(self) -> None:
        """Close its connections."""
        await self._door.close()


# ---------------------------------------------------------------------------------------------- which door


def goes_lean(spec: JudgeSpec) -> bool:
    """Return whether a specification goes through the lean door: by its own word, or where its server allows it."""
    if spec.transport == "lean" and not spec.api_base:
        raise ConfigError(
            f"judge {spec.name!r}: transport: lean needs api_base, the address of an OpenAI-compatible server"
        )
    if spec.transport != "auto" or not spec.api_base:
        return spec.transport == "lean"
    provider, slash, _ = spec.model.partition("/")
    return not slash or provider in _OPENAI_COMPATIBLE or provider not in load_litellm().provider_list


def open_door(spec: JudgeSpec, *, lean: bool) -> Door:
    """Open the door to the model of a specification; nothing is sent yet.

    Raises
    ------
    ConfigError
        When the key's variable is unset, a key is written out, litellm knows no provider for the model, or a setting
        would make a call cost more than can be told beforehand.
    """
    refuse_written_keys(spec.params, f"judge {spec.name!r}: params")
    _check_params(spec)
    if spec.api_base and "@" in urlsplit(spec.api_base).netloc:
        raise ConfigError(f"judge {spec.name!r}: api_base holds a user name or password; name a key: api_key: env:NAME")
    key = _key(spec)
    if lean:
        return LeanDoor(_served_name(spec.model), spec.api_base or "", key or _NO_KEY)
    model = _litellm_model(spec)
    # Without a key of its own, a judge with its own server must not be sent the provider's key from the environment.
    return LitellmDoor(model, spec.api_base, key or (_NO_KEY if spec.api_base else None))


def settings_of(spec: JudgeSpec, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sent with each call: a None is not sent, and a limit by its newer name replaces the usual one."""
    usual = dict(defaults)
    if spec.params.get("max_completion_tokens") is not None:
        usual.pop("max_tokens", None)
    return {name: value for name, value in {**usual, **spec.params}.items() if value is not None}


def longest_reply(settings: Mapping[str, Any]) -> int | None:
    """Return the most tokens that a reply can take under these settings; None where they set no limit."""
    return max((settings[name] for name in _LIMITS if name in settings), default=None)


def _check_params(spec: JudgeSpec) -> None:
    """Refuse settings that would ask another question than this one, or cost what nobody has counted."""
    for name in _OURS:
        if spec.params.get(name):
            raise ConfigError(
                f"judge {spec.name!r}: params: {name} is not for params, which are sampling settings; the judge's own "
                "model and prompt say what is sent, and replies are never streamed"
            )
    if spec.params.get("n") not in (None, 1):
        raise ConfigError(
            f"judge {spec.name!r}: params: n: {spec.params['n']!r} would be paid for, and one reply of each call is "
            "read; leave n out, and set replicates to ask several times"
        )
    for name in _LIMITS:
        limit = spec.params.get(name)
        if limit is not None and not (isinstance(limit, int) and limit > 0):
            raise ConfigError(
                f"judge {spec.name!r}: params: {name}: {limit!r} is no limit; give a whole number of tokens above 0, "
                "or null to send none"
            )


def _served_name(model: str) -> str:
    """Return a model's name as its server knows it, without the provider that litellm puts before it."""
    provider, _, rest = model.partition("/")
    return rest if rest and provider in _OPENAI_COMPATIBLE else model


def _key(spec: JudgeSpec) -> SecretStr | None:
    if spec.api_key is None:
        return None
    variable = spec.api_key.removeprefix("env:")
    value = os.environ.get(variable, "").strip()
    if not value:
        raise ConfigError(
            f"judge {spec.name!r}: the environment variable {variable} is not set; "
            f"export {variable}=... or name another one with api_key: env:NAME"
        )
    return SecretStr(value)


def _litellm_model(spec: JudgeSpec) -> str:
    """Return a model string that litellm can place, or say which provider may have been meant."""
    litellm = load_litellm()
    try:
        litellm.get_llm_provider(spec.model, api_base=spec.api_base)
    except litellm.BadRequestError as error:
        provider, slash, _ = spec.model.partition("/")
        if spec.api_base and not slash:
            return f"openai/{spec.model}"
        hint = suggest(provider, sorted(str(getattr(known, "value", known)) for known in litellm.provider_list))
        raise ConfigError(
            f"judge {spec.name!r}: no provider is known for model {spec.model!r}{hint}; write provider/model "
            "as litellm does, for example openai/gpt-4.1-mini, or give api_base for a server of your own"
        ) from error
    return spec.model


def _provider_base(model: str) -> str:
    """Return the address that litellm would ask, as far as it or the environment states one."""
    _, provider, _, base = load_litellm().get_llm_provider(model)
    moved = (os.environ.get(f"{provider.upper()}_{name}") for name in ("BASE_URL", "API_BASE"))
    return next(filter(None, moved), base or "")


def _structured(spec: JudgeSpec, *, lean: bool, asks_for_json: bool) -> bool:
    if spec.structured is not None or lean or not asks_for_json:
        return bool(spec.structured)
    return bool(load_litellm().supports_response_schema(model=spec.model))


@cache
def _response_format(protocol: records.Protocol) -> dict[str, Any]:
    model = ScoreReply if protocol == "score" else ChoiceReply
    schema = {"name": "verdict", "strict": True, "schema": model.model_json_schema()}
    return {"type": "json_schema", "json_schema": schema}


# --------------------------------------------------------------------------------------------------- price


def price_of(spec: JudgeSpec, *, lean: bool) -> tuple[float, float] | None:
    """US dollars per million prompt and completion tokens; a server of one's own has no public price."""
    if spec.price is not None or lean:
        return spec.price
    litellm = load_litellm()
    try:
        prompt, completion = litellm.cost_per_token(model=spec.model, prompt_tokens=1, completion_tokens=1)
    except (litellm.BadRequestError, litellm.exceptions.ModelNotMappedError, litellm.NotFoundError):
        return None
    # A price of nothing in a public map is a gap in the map, and a gap must not become an unlimited budget.
    return (prompt * 1e6, completion * 1e6) if prompt or completion else None


def dollars(price: tuple[float, float], usage: Usage) -> float:
    """Return what tokens cost at a price per million prompt and completion tokens."""
    return (price[0] * usage.prompt_tokens + price[1] * usage.completion_tokens) / 1e6
