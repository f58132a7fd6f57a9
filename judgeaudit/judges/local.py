"""A real language model in this process: SmolLM2-135M-Instruct, or the user's own GGUF file, by llama.cpp.

One set of weights makes two judges. As ``ab`` it is shown both answers and asked for a letter; as ``loglik`` it
is asked how probable it finds each answer after the question. Their profiles differ: the protocol matters more
than the weights.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import math
import threading
import time
import urllib.request
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

from judgeaudit import records
from judgeaudit.errors import ConfigError, LocalModelError, PermanentError, TransientError
from judgeaudit.judges.rendering import load_template, render
from judgeaudit.judges.weights import SMOLLM2, weights_path

Method = Literal["ab", "loglik"]
CONTEXT = 4096
PREFILL = "The better answer is Answer"
CANDIDATES = 400
VOCABULARY = 1_000_000
"""More than any model has: all tokens are candidates."""
KEY = "local"


class Engine:
    """One model file, loaded once, asked by one thread at a time.

    Parameters
    ----------
    path
        A GGUF file.
    port
        Where its server listens on loopback; 0 takes a free port.

    Raises
    ------
    LocalModelError
        When llama.cpp cannot read the file.
    """

    def __init__(self, path: Path, port: int = 0) -> None:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx, params.n_parallel = CONTEXT, 1
        params.warmup, params.verbosity, params.cache_ram_mib, params.ui = False, -1, 0, False
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.hostnames, params.port, params.api_keys = ["127.0.0.1"], port, [KEY]
        try:
            self._server = xllamacpp.Server(params)
        except (RuntimeError, ValueError) as error:
            raise LocalModelError(f"llama.cpp cannot load {path}: {error}; is it a GGUF model file?") from error
        self._lock = threading.Lock()
        self._known: dict[tuple[int, ...], float] = {}

    @property
    def api_base(self) -> str:
        """Where this engine's own OpenAI-compatible server listens, on loopback; its key is ``local``."""
        return f"{self._server.listening_address}/v1"

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 a loopback address
            self._server.listening_address + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310 as above
                return cast("dict[str, Any]", json.load(reply))
        except OSError as error:
            raise TransientError(f"the local model's server: {error}", reason="connection") from error

    def chat_prompt(self, message: str) -> str:
        """Return a user's message in the model's own chat template, open for the assistant's reply."""
        return str(self._post("/apply-template", {"messages": [{"role": "user", "content": message}]})["prompt"])

    def tokens(self, text: str) -> list[int]:
        """Return the token ids of ``text``."""
        body = {"content": text, "add_special": False, "parse_special": True}
        return list(self._post("/tokenize", body)["tokens"])

    def _complete(self, prompt: str | list[int], **settings: Any) -> dict[str, Any] | None:
        """Return the next token with its candidates; None where its bytes are no character of their own."""
        reply = self._server.handle_completions({"prompt": prompt, "n_predict": 1, **settings})
        if "choices" not in reply:
            message = str(reply.get("error", reply))[:300]
            raise PermanentError(f"the local model: {message}", reason="local_model")
        logprobs = reply["choices"][0]["logprobs"]
        return cast("dict[str, Any]", logprobs["content"][0]) if logprobs else None

    def letter_share(self, prompt: str) -> float:
        """Return P(A) / (P(A) + P(B)) of the next token after ``prompt``.

        Raises
        ------
        PermanentError
            When neither letter is among the candidates, or the prompt is longer than the context.
        """
        with self._lock:
            head = self._complete(prompt, n_probs=CANDIDATES, temperature=0)
        mass = {"A": 0.0, "B": 0.0}
        for candidate in head["top_logprobs"] if head else ():
            letter = candidate["token"].strip()
            if letter in mass:
                mass[letter] += math.exp(candidate["logprob"])
        total = mass["A"] + mass["B"]
        if total == 0:
            raise PermanentError("the local model gives neither A nor B among its candidates", reason="no_letter")
        return mass["A"] / total

    def log_likelihood(self, prompt: str, text: str) -> float:
        """Return log P(text | prompt) in nats; shared beginnings are computed once.

        Raises
        ------
        PermanentError
            When prompt and text are longer than the context.
        """
        with self._lock:
            given = self.tokens(prompt)
            tokens = [*given, *self.tokens(text)]
            return sum(self._token_log_probability(tokens, i) for i in range(len(given), len(tokens)))

    def _token_log_probability(self, tokens: list[int], i: int) -> float:
        key = tuple(tokens[: i + 1])
        if key not in self._known:
            head = self._forced(tokens[:i], tokens[i], n_probs=1)
            self._known[key] = float(head["logprob"]) if head else self._split_character(tokens[:i], tokens[i])
        return self._known[key]

    def _forced(self, given: list[int], token: int, n_probs: int) -> dict[str, Any] | None:
        """Make the sampler take a token by a bias of 1000; the probabilities reported are those before the bias."""
        bias = {"logit_bias": [[token, 1000.0]], "samplers": ["logit_bias", "temperature"]}
        return self._complete(given, n_probs=n_probs, **bias)

    def _split_character(self, given: list[int], token: int) -> float:
        """Return the log-probability of a token that is part of a character, such as an emoji, among all tokens."""
        blank = self.tokens(" the")[0]
        head = self._forced(given, blank, n_probs=VOCABULARY)
        found = [c["logprob"] for c in (head or {}).get("top_logprobs", ()) if c["id"] == token]
        if not found:
            raise PermanentError(f"the local model gives no probability for token {token}", reason="local_model")
        return float(found[0])


class LocalJudge:
    """A judge that runs on this machine, for demonstration and for tests without a key.

    Parameters
    ----------
    spec
        ``model`` is ``local/smollm2-ab``, ``local/smollm2-loglik``, or ``gguf:PATH`` with ``params.method``.

    Raises
    ------
    ConfigError
        For an unknown model or method.
    LocalModelError
        When the weights have not been fetched, or llama.cpp is missing.
    """

    parallel: int | None = 1
    protocol: records.Protocol = "pairwise"

    def __init__(self, spec: records.JudgeSpec) -> None:
        _check_installed()
        self.name, self.model = spec.name, spec.model
        self._path, self.method = _model_and_method(spec)
        self._template = load_template(spec.prompt or "local-letter", "pairwise")
        self.note = "for demonstration, not for grading" if spec.model.startswith("local/") else ""

    @property
    def endpoint(self) -> str:
        """Its own name: each local judge has an engine of its own."""
        return f"local:{self.name}"

    @cached_property
    def engine(self) -> Engine:
        """The loaded model."""
        return Engine(self._path)

    def recipe(self) -> dict[str, Any]:
        """Return weights, method and prompt."""
        weights = SMOLLM2.sha256 if self.model.startswith("local/") else str(self._path)
        prompt = self._template.text + PREFILL if self.method == "ab" else ""
        return {"model": self.model, "weights": weights, "method": self.method, "prompt": prompt}

    def price_ceiling(self, showing: records.Showing) -> float | None:
        """Return zero: it costs time alone."""
        del showing
        return 0.0

    async def decide(self, showing: records.Showing, *, roomier: bool = False) -> records.Reply:
        """Ask the model once, in a thread: one engine serves one call at a time."""
        del roomier
        if showing.second is None:
            raise PermanentError("a local judge compares two answers; set protocol: pairwise", reason="protocol")
        started = time.perf_counter()
        reply = await asyncio.to_thread(self._letter if self.method == "ab" else self._likelihood, showing)
        return reply.model_copy(update={"latency_s": time.perf_counter() - started, "model": self._weights_name})

    @property
    def _weights_name(self) -> str:
        return SMOLLM2.name if self.model.startswith("local/") else self._path.name

    def _letter(self, showing: records.Showing) -> records.Reply:
        """Ask for a letter, and take the likelier one, as at temperature 0."""
        share = self.engine.letter_share(self.engine.chat_prompt(render(self._template, showing)) + PREFILL)
        return records.Reply(text="A" if share > 0.5 else "B", cost_usd=0.0)

    def _likelihood(self, showing: records.Showing) -> records.Reply:
        """Weigh the two answers by how probable the model finds each after the question."""
        prompt = self.engine.chat_prompt(showing.question)
        first, second = (
            self.engine.log_likelihood(prompt, answer.text) for answer in (showing.first, showing.second) if answer
        )
        share = 1 / (1 + math.exp(-max(-700.0, min(700.0, first - second))))
        text = json.dumps({"log_likelihood": [round(first, 4), round(second, 4)]})
        return records.Reply(text=text, first_share=share, cost_usd=0.0)


def _check_installed() -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        raise LocalModelError(
            "the local judge needs llama.cpp: pip install 'judgeaudit[local]' (where no wheel exists for a platform, "
            "use a judge with an api_base)"
        )


def _model_and_method(spec: records.JudgeSpec) -> tuple[Path, Method]:
    methods = {"local/smollm2-ab": "ab", "local/smollm2-loglik": "loglik"}
    if spec.model in methods:
        path = weights_path(SMOLLM2)
        if path is None:
            raise LocalModelError(f"judge {spec.name!r}: the model has not been fetched: run 'judgeaudit local fetch'")
        return path, cast("Method", methods[spec.model])
    method = spec.params.get("method", "ab")
    if spec.model.startswith("gguf:") and method in ("ab", "loglik"):
        path = Path(spec.model.removeprefix("gguf:"))
        if not path.is_file():
            raise ConfigError(f"judge {spec.name!r}: no model file at {path}; give the path of a GGUF file")
        return path, cast("Method", method)
    raise ConfigError(
        f"judge {spec.name!r}: cannot use {spec.model!r} (method {method!r}) locally; use {', '.join(methods)}, or "
        "gguf:PATH with params: {method: ab} or {method: loglik}"
    )
