"""Two doors to a chat model with one signature: litellm for every provider, lean HTTP for OpenAI-compatible servers.

A door makes exactly one request per call and never asks again; what went wrong becomes a `TransientError` or a
`PermanentError` with a stable reason. A key is held as a secret, sent in one header, and cut out of every message.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import math
import os
import time
import warnings
from collections import Counter
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final, Protocol

from pydantic import SecretStr
from pydantic_core import PydanticSerializationError, from_json, to_json

from judgeaudit.errors import PermanentError, TransientError
from judgeaudit.judges.redaction import Redactor
from judgeaudit.records import Reply, Usage

Messages = list[dict[str, str]]

LARGEST_BODY: Final = 8_000_000
"""Bytes of a reply that are read before it is given up."""
_LONGEST_S: Final = 3600.0
_LONGEST_QUOTED: Final = 20_000
_REASONS: Final = {
    401: "authentication", 402: "quota", 403: "authentication", 404: "not_found", 408: "timeout", 413: "too_large",
    429: "rate_limit", 503: "overloaded", 504: "timeout", 529: "overloaded",
}  # fmt: skip
_TRANSIENT: Final = {"connection", "malformed", "timeout", "rate_limit", "overloaded", "server_error"}
_FILTER_CODES: Final = {"content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"}
_CONTEXT_MARKS: Final = ("context_length", "context length", "context window", "contextwindow")


class Door(Protocol):
    """The way to one model."""

    async def complete(self, messages: Messages, settings: Mapping[str, Any]) -> Reply:
        """Send one request and return the reply, its price not yet known unless the door knows it."""
        ...

    async def close(self) -> None:
        """Close the connections of the running event loop, unless calls are in flight over them."""
        ...


class _InFlight:
    """Counts the calls in flight in each event loop: nothing is closed under them, whoever made the last closes it."""

    def __init__(self) -> None:
        self._calls = Counter[asyncio.AbstractEventLoop]()

    def __enter__(self) -> None:
        """Count a call, as long as the body runs."""
        self._calls[asyncio.get_running_loop()] += 1

    def __exit__(self, *_: object) -> None:
        """Count it no more."""
        loop = asyncio.get_running_loop()
        self._calls[loop] -= 1
        if not self._calls[loop]:
            del self._calls[loop]

    def here(self) -> int:
        """Return how many there are in the running loop."""
        return self._calls[asyncio.get_running_loop()]


@cache
def load_litellm() -> Any:
    """Import litellm without the side effects of importing it: no ``.env`` is read, no price map fetched."""
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import litellm

        litellm.ModelResponse()  # builds its models, which warn, and would warn in the middle of the first call
    litellm.suppress_debug_info = True
    return litellm


# ------------------------------------------------------------------------------------------------ litellm


class LitellmDoor:
    """Any provider that litellm knows.

    Parameters
    ----------
    model
        A litellm model string.
    api_base
        An OpenAI-compatible server, or None for the provider's own.
    key
        The key to send; None leaves it to litellm, which reads the provider's own variable.
    """

    _in_flight: Final = _InFlight()
    """Through all doors of this kind, since litellm keeps one set of clients for them all."""

    def __init__(self, model: str, api_base: str | None, key: SecretStr | None) -> None:
        self._model, self._api_base, self._key = model, api_base, key
        self._redact = Redactor(key)

    async def complete(self, messages: Messages, settings: Mapping[str, Any]) -> Reply:
        """Send one request through ``litellm.acompletion``, its own retries switched off."""
        litellm = load_litellm()
        import openai

        started = time.perf_counter()
        try:
            with self._in_flight:
                response = await litellm.acompletion(
                    model=self._model,
                    messages=messages,
                    api_base=self._api_base,
                    api_key=self._key.get_secret_value() if self._key else None,
                    **{"max_retries": 0, "timeout": _LONGEST_S, **settings},
                )
        except openai.OpenAIError as error:
            status, said = getattr(error, "status_code", None), self._redact(str(error))
            headers = getattr(error, "litellm_response_headers", None) or {}
            filtered = isinstance(error, litellm.ContentPolicyViolationError) or is_filtered(_error_body(error))
            return no_reply(status, said, headers, filtered=filtered)
        return self._reply(response, time.perf_counter() - started)

    def _reply(self, response: Any, latency_s: float) -> Reply:
        if not response.choices:
            raise _malformed("the reply has no choices")
        choice, usage = response.choices[0], getattr(response, "usage", None)
        return _reply(
            content=choice.message.content,
            refusal=(getattr(choice.message, "provider_specific_fields", None) or {}).get("refusal"),
            finish_reason=choice.finish_reason,
            usage={"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens} if usage else {},
            model=response.model,
            cost_usd=getattr(response, "_hidden_params", {}).get("response_cost"),
            latency_s=latency_s,
            redact=self._redact,
        )

    async def close(self) -> None:
        """Close the clients that litellm keeps for the running loop, unless calls of any door are in flight in it."""
        if not self._in_flight.here():
            await _close_litellm_clients()


def _error_body(error: Exception) -> Any:
    """Return what the provider answered: litellm hands it on parsed, or as text behind words of its own."""
    body = getattr(error, "body", None)
    return body if isinstance(body, dict) else _parsed("{" + str(error).partition("{")[2])


async def _close_litellm_clients() -> None:
    """Close and forget the clients of the running loop; litellm's own function takes those of other loops as well."""
    clients = load_litellm().in_memory_llm_clients_cache
    own = f"-{id(asyncio.get_running_loop())}"
    for key in [key for key in tuple(clients.cache_dict) if key.endswith(own)]:
        close = getattr(clients.cache_dict[key], "close", None)
        clients.delete_cache(key)
        closing = close() if close else None
        if inspect.isawaitable(closing):
            await closing


# --------------------------------------------------------------------------------------------------- lean


class LeanDoor:
    """An OpenAI-compatible server, over one pool of kept-alive connections and nothing else.

    Parameters
    ----------
    model
        The model's name as the server knows it.
    api_base
        The server, ending in ``/v1``.
    key
        The key to send, and to this server only: redirects are not followed.
    """

    def __init__(self, model: str, api_base: str, key: SecretStr) -> None:
        self._model, self._url, self._key = model, f"{api_base.rstrip('/')}/chat/completions", key
        self._redact = Redactor(key)
        self._sessions: dict[asyncio.AbstractEventLoop, Any] = {}
        self._in_flight = _InFlight()

    async def complete(self, messages: Messages, settings: Mapping[str, Any]) -> Reply:
        """Send one request."""
        import aiohttp

        body = written({"model": self._model, "messages": messages, **settings})
        started = time.perf_counter()
        try:
            with self._in_flight:
                async with self._connected().post(self._url, data=body, allow_redirects=False) as response:
                    raw = await self._body(response)
                    status, headers = response.status, response.headers
        except (aiohttp.ClientError, OSError) as error:
            message = self._redact(str(error) or type(error).__name__)
            raise TransientError(f"{self._url}: {message}", reason="connection") from error
        if status != 200:
            said = self._redact(raw.decode("utf-8", "replace"))
            return no_reply(status, said, headers, filtered=is_filtered(_parsed(raw)))
        return read_completion(raw, self._redact, time.perf_counter() - started)

    def _connected(self) -> Any:
        import aiohttp

        loop = asyncio.get_running_loop()
        if loop not in self._sessions:
            for closed in [other for other in self._sessions if other.is_closed()]:
                del self._sessions[closed]  # whoever closed it without its judge left this behind
            self._sessions[loop] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),  # the collection holds the deadline of the whole call
                headers={
                    "Authorization": f"Bearer {self._key.get_secret_value()}",
                    "Content-Type": "application/json",
                    "Accept-Encoding": "identity",
                },
            )
        return self._sessions[loop]

    @staticmethod
    async def _body(response: Any) -> bytes:
        if response.content_length is not None and "Content-Encoding" not in response.headers:
            LeanDoor._check_size(response, response.content_length)
            return bytes(await response.read())
        chunks, size = [], 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            LeanDoor._check_size(response, size)
            chunks.append(chunk)
        return b"".join(chunks)

    @staticmethod
    def _check_size(response: Any, size: int) -> None:
        if size > LARGEST_BODY:
            response.close()
            raise PermanentError(f"the reply is larger than {LARGEST_BODY} bytes", reason="reply_too_large")

    async def close(self) -> None:
        """Close the connections of the running loop, unless calls are in flight over them."""
        loop = asyncio.get_running_loop()
        if loop in self._sessions and not self._in_flight.here():
            await self._sessions.pop(loop).close()


# ------------------------------------------------------------------------------------------- what both do


def read_completion(raw: bytes, redact: Redactor, latency_s: float) -> Reply:
    """Read the body of a chat completion, as servers and batch files hold it.

    Raises
    ------
    TransientError
        When it is none.
    """
    try:
        payload = _read_json(raw)
        choice = payload["choices"][0]
        message = choice["message"]
        return _reply(
            content=message.get("content"),
            refusal=message.get("refusal"),
            finish_reason=choice.get("finish_reason"),
            usage=payload.get("usage") or {},
            model=payload.get("model"),
            cost_usd=None,
            latency_s=latency_s,
            redact=redact,
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        said = redact(raw[:_LONGEST_QUOTED].decode("utf-8", "replace"))[:200]
        raise _malformed(f"{type(error).__name__}: {said}") from error


def written(body: dict[str, Any]) -> bytes:
    """Return the JSON that is sent."""
    try:
        return to_json(body)
    except PydanticSerializationError:  # half of a surrogate pair, which only an escape can name
        return json.dumps(body).encode()


def _parsed(raw: bytes | str) -> Any:
    """Return the JSON that this is, or None."""
    try:
        return _read_json(raw)
    except (ValueError, RecursionError):
        return None


def _read_json(raw: bytes | str) -> Any:
    try:
        return from_json(raw)
    except ValueError:  # the standard library reads halves of surrogate pairs too, and says better what is wrong
        return json.loads(raw)


def _reply(
    *,
    content: Any,
    refusal: Any,
    finish_reason: Any,
    usage: Mapping[str, Any],
    model: Any,
    cost_usd: float | None,
    latency_s: float,
    redact: Redactor,
) -> Reply:
    text = refusal if refusal and not content else content
    return Reply(
        text=redact(well_formed(text or "")),
        finish_reason="refusal" if refusal and not content else redact(well_formed(finish_reason or "stop")),
        usage=Usage(
            prompt_tokens=usage.get("prompt_tokens") or 0,
            completion_tokens=usage.get("completion_tokens") or 0,
        ),
        cost_usd=cost_usd,
        latency_s=latency_s,
        model=redact(well_formed(model or "")),
    )


def well_formed(text: str) -> str:
    """Return the text with each half of a broken surrogate pair replaced, so that it can be stored."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def is_filtered(body: Any) -> bool:
    """Return whether the body of an error, or the error in it, says by its codes that a content filter was at work.

    Its message is not searched: it may quote the texts that are judged.
    """
    error = body.get("error", body) if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return False
    inner = error.get("innererror")
    codes = [error.get("code"), error.get("type"), inner.get("code") if isinstance(inner, dict) else None]
    return any(isinstance(code, str) and code in _FILTER_CODES for code in codes)


def no_reply(status: int | None, message: str, headers: Mapping[str, str], *, filtered: bool) -> Reply:
    """Raise what a failed request means; a content filter is no error but a reply, and is returned.

    Raises
    ------
    TransientError, PermanentError
        Whether asking again may help.
    """
    message = well_formed(message)
    lowered = message.lower()
    if status == 400 and filtered:
        return Reply(text=message, finish_reason="content_filter")
    reason, message = _reason(status, lowered), f"the endpoint answered {status}: {message[:2000]}"
    if reason in _TRANSIENT:
        raise TransientError(message, reason=reason, retry_after_s=_retry_after(headers))
    raise PermanentError(message, reason=reason)


def _reason(status: int | None, lowered: str) -> str:
    if status is None:
        return "connection"
    if status < 400:
        return "malformed" if status < 300 else "redirect"
    if status == 429 and "insufficient_quota" in lowered:
        return "quota"
    if status == 400 and any(mark in lowered for mark in _CONTEXT_MARKS):
        return "context_window"
    return _REASONS.get(status, "server_error" if status >= 500 else "bad_request")


def _malformed(message: str) -> TransientError:
    return TransientError(f"the endpoint's answer is not a chat completion: {message}", reason="malformed")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After`` as seconds or as a date; None where it is absent or makes no sense."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return None if math.isnan(seconds) else max(0.0, seconds)
