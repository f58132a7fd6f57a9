"""The configuration file: one YAML, checked before anything is asked or spent."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, Field, ValidationError

from judgeaudit.errors import ConfigError, suggest
from judgeaudit.records import JudgeSpec, Panel, Record

LARGEST_BYTES = 1_000_000
MOST_VALUES = 100_000
"""Values of a configuration, aliases written out: a few bytes of them can stand for more than a machine holds."""


class DesignConfig(Record):
    """Which pairs are made."""

    contrasts: Literal["all"] | tuple[str, ...] = "all"
    """Which contrasts; ``all`` is the seven, ``profiles`` (every facet at once, on one side or the other) is named."""
    items: int | None = Field(default=None, gt=0)
    """How many items, spread evenly over the domains; all of them when left out."""
    facets: Literal["all"] | tuple[str, ...] = "all"
    """Style facets; ``fmt.list+tone.assistant`` composes two."""
    errors: Literal["all"] | tuple[str, ...] = "all"
    """Kinds of factual error."""
    doses: tuple[int, ...] = (1, 2, 3)
    """Doses of style, dealt in turn."""
    fact_dose: int = Field(default=1, ge=1, le=3)
    """How many independent facts are wrong in a false answer."""
    blocks: int = Field(default=1, ge=1)
    """How many times each item is used, each time with a fresh treatment and error."""
    accept_guessed: bool = False
    """Make wrong answers of items whose facts were proposed by a rule or a model and not reviewed."""
    seed: int = 0


class CollectConfig(Record):
    """How judges are asked."""

    orders: Literal["counterbalanced", "both"] = "counterbalanced"
    """``counterbalanced``: one order per pair, both on a subsample; ``both``: every pair in both orders."""
    replicates: int = Field(default=1, ge=1)
    """How many times each cell is asked."""
    concurrency: int = Field(default=64, ge=1, le=2000)
    """Calls in flight at once to one endpoint."""
    timeout_s: float = Field(default=60, gt=0)
    """Total time for one call, in seconds."""
    retries: int = Field(default=6, ge=0)
    """How often a call that may succeed later is made again."""
    max_cost_usd: float | None = Field(default=None, ge=0)
    """No call starts that could cross this, in US dollars."""
    precision: dict[str, float] = Field(default_factory=dict)
    """Half-widths to reach, by term on the net-preference scale (``style_reward: 0.10``): a judge is asked no more of a
    contrast once they are reached; all of the plan when left out."""


class RewriteConfig(Record):
    """Pairs that a language model writes, beside those of our own operators."""

    writer: JudgeSpec
    """The model that proposes the edits; of another family than every judge."""
    reader: JudgeSpec | None = None
    """A second model that reads the pairs blind, measured first on pairs of known truth; none when left out."""
    items: int | None = Field(default=None, gt=0)
    """How many items, spread evenly over the domains; all of them when left out."""
    facets: tuple[str, ...] = ("tone.assistant", "tone.authoritative", "len.pad", "stance.hedge", "stance.boost")
    """Style facets to write."""
    errors: tuple[str, ...] = ("number", "date", "entity", "relation", "negation", "quantifier", "attribute")
    """Kinds of factual error to write."""
    doses: tuple[int, ...] = (1, 2, 3)
    """Doses of style, dealt in turn."""
    max_cost_usd: float | None = Field(default=None, ge=0)
    """No call to writer or reader starts that could cross this, in US dollars; judges have their own cap."""


class Config(Record):
    """All that a run is made of."""

    items: str = "core"
    """A shipped set, or the path of a ``.jsonl``, ``.csv`` or ``.txt`` file, relative to the configuration."""
    design: DesignConfig = DesignConfig()
    rewrites: RewriteConfig | None = None
    """Pairs written by a language model; none when left out."""
    review: str | None = None
    """A filled-in review sheet (``judgeaudit perturb --review`` writes an empty one), relative to the configuration."""
    judges: tuple[JudgeSpec, ...]
    panels: tuple[Panel, ...] = ()
    """Judges that decide together, each measured as one more judge, without calls of its own."""
    collect: CollectConfig = CollectConfig()
    margin: float = Field(default=0.10, gt=0, lt=1)
    """Half-width of the band of net preference that counts as negligible."""
    gates: dict[str, Any] = Field(default_factory=dict)
    """Limits by term, which decide the exit status; left out, the shipped policy marks the report and nothing fails."""


def load_config(path: Path) -> Config:
    """Read and check a configuration file.

    Paths in it (items, prompts, model files) are taken relative to the file.

    Raises
    ------
    ConfigError
        For a file that is missing, not YAML, or has an unknown key or a wrong value: names the key, what is
        allowed, and the closest known key.
    """
    try:
        raw = path.read_bytes()
        if len(raw) > LARGEST_BYTES:
            raise ConfigError(f"{path}: larger than {LARGEST_BYTES} bytes; a configuration is a page")
        data = yaml.safe_load(raw)
        if _values(data, {}) > MOST_VALUES:
            raise ConfigError(
                f"{path}: its aliases stand for more than {MOST_VALUES:,} values; a configuration is a page"
            )
    except RecursionError as error:
        raise ConfigError(f"{path}: is nested too deeply; a configuration is a page") from error
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); 'judgeaudit init' writes a configuration to start from"
        ) from error
    except yaml.YAMLError as error:
        # What YAML itself says quotes the line, which may hold a key.
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        said = getattr(error, "problem", None) or "it holds characters that no text has"
        raise ConfigError(f"{path}: not valid YAML: {where}{said}") from error
    return parse_config(data, str(path), base=path.parent)


def _values(data: Any, known: dict[int, float]) -> float:
    """Count the values of a document with its aliases written out; one that holds itself has no end."""
    parts = [*data, *data.values()] if isinstance(data, dict) else data if isinstance(data, list) else ()
    if not parts:
        return 1
    if id(data) not in known:
        known[id(data)] = math.inf
        known[id(data)] = 1 + sum(_values(part, known) for part in parts)
    return known[id(data)]


def parse_config(data: Any, where: str = "configuration", base: Path | None = None) -> Config:
    """Check a configuration that was already read, such as a mapping made in a script.

    Raises
    ------
    ConfigError
        As `load_config` does.
    """
    if not isinstance(data, Mapping):
        found = "nothing" if data is None else f"a {type(data).__name__}"
        raise ConfigError(
            f"{where}: must be a mapping with 'judges' in it, and holds {found}; 'judgeaudit init' writes one"
        )
    try:
        config = Config.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        raise ConfigError("\n".join(f"{where}: {_sentence(entry)}" for entry in error.errors())) from error
    if not config.judges:
        raise ConfigError(f"{where}: judges: name at least one judge, with 'name' and 'model'")
    names = [judge.name for judge in config.judges] + [panel.name for panel in config.panels]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{where}: two judges are named {name!r}; give each its own name")
    for panel in config.panels:
        _check_panel(panel, {judge.name: judge for judge in config.judges}, where)
    return config if base is None else _relative_to(config, base)


def _check_panel(panel: Panel, judges: Mapping[str, JudgeSpec], where: str) -> None:
    for member in panel.of:
        if member not in judges:
            hint = suggest(member, judges)
            raise ConfigError(
                f"{where}: panels: {panel.name!r}: no judge named {member!r}{hint}; there are: {', '.join(judges)}"
            )
        if panel.of.count(member) > 1:
            raise ConfigError(f"{where}: panels: {panel.name!r}: {member!r} is named twice; each member has one vote")
    if len({judges[member].protocol == "score" for member in panel.of}) > 1:
        raise ConfigError(
            f"{where}: panels: {panel.name!r}: some members score answers and others compare them; take one sort"
        )


def _sentence(error: Any) -> str:
    """Say what is wrong with one key, without repeating a value that could be a key to an account."""
    loc = error["loc"]
    where = ".".join(str(part) for part in loc if not str(part).startswith(("literal[", "tuple[")))
    if error["type"] == "extra_forbidden":
        allowed = list(_model_at(loc[:-1]).model_fields)
        return f"unknown key {where!r}{suggest(str(loc[-1]), allowed)}; allowed here: {', '.join(allowed)}"
    if loc[-1] == "api_key":
        return f"{where}: a key is only ever named, as env:NAME (for example env:OPENAI_API_KEY); the value is not read"
    message = error["msg"].removeprefix("Value error, ")
    found = None if loc[-1] == "params" else error["input"]
    shown = f" (found {json.dumps(found)[:80]})" if isinstance(found, str | int | float) else ""
    return f"{where}: {message}{shown}"


def _model_at(loc: tuple[int | str, ...]) -> type[BaseModel]:
    model: type[BaseModel] = Config
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            inner = _models_in(model.model_fields[part].annotation)
            model = inner[0] if inner else model
    return model


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (tuple, list, Union, UnionType):
        return [model for part in get_args(annotation) for model in _models_in(part)]
    return []


def _relative_to(config: Config, base: Path) -> Config:
    def place(name: str) -> str:
        path = Path(name)
        return str(base / path) if not path.is_absolute() and (base / path).is_file() else name

    def place_judge(spec: JudgeSpec) -> JudgeSpec:
        model = f"gguf:{place(spec.model[5:])}" if spec.model.startswith("gguf:") else spec.model
        return spec.model_copy(update={"prompt": spec.prompt and place(spec.prompt), "model": model})

    return config.model_copy(
        update={
            "items": place(config.items),
            "review": config.review and place(config.review),
            "judges": tuple(place_judge(spec) for spec in config.judges),
        }
    )
