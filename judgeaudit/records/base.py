"""The base of every record, and the vocabularies that several of them share."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticSerializationError, to_json

Severity = Literal["minor", "major"]

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class Record(BaseModel):
    """Base of every record: immutable, strict, closed to unknown fields."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


class NumerousRecord(Record):
    """Base of records that a run holds by the hundred thousand: all of a kind share one set of field names.

    Pydantic gives each a set of its own of the fields that were given, which would be half of what it weighs.
    """

    _names: ClassVar[set[str]]

    @classmethod
    def __pydantic_init_subclass__(cls, **settings: Any) -> None:
        """Note the names of the fields, once for all."""
        super().__pydantic_init_subclass__(**settings)
        cls._names = set(cls.model_fields)

    def model_post_init(self, context: Any, /) -> None:
        """Let go of the set of its own."""
        object.__setattr__(self, "__pydantic_fields_set__", self._names)


def digest(value: Any) -> str:
    """Return the SHA-256 (64 hex digits) of a JSON value in canonical form.

    Examples
    --------
    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    return hashlib.sha256(_CANONICAL.encode(value).encode("utf-8", "surrogatepass")).hexdigest()


def digest_row(values: list[str | int | list[str]]) -> str:
    """Return the `digest` of texts and whole numbers, by a quicker way: a plan takes three for every cell.

    Examples
    --------
    >>> digest_row(["p1", 0, ["a", "b"]]) == digest(["p1", 0, ["a", "b"]])
    True
    """
    try:
        return hashlib.sha256(to_json(values)).hexdigest()
    except PydanticSerializationError:  # half of a surrogate pair
        return digest(values)


_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
