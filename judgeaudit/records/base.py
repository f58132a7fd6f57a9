"""The base of every record, and the vocabularies that several of them share."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Severity = Literal["minor", "major"]

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


_NAMES: Final[dict[type, set[str]]] = {}


class Record(BaseModel):
    """Base of every record: immutable, strict, closed to unknown fields."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    def model_post_init(self, context: Any, /) -> None:
        """Share one set of field names between all records of a kind: one each would be half of what they weigh."""
        kind = type(self)
        names = _NAMES.get(kind) or _NAMES.setdefault(kind, set(kind.model_fields))
        object.__setattr__(self, "__pydantic_fields_set__", names)


def digest(value: Any) -> str:
    """Return the SHA-256 (64 hex digits) of a JSON value in canonical form.

    Examples
    --------
    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    return hashlib.sha256(_CANONICAL.encode(value).encode("utf-8", "surrogatepass")).hexdigest()


_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
