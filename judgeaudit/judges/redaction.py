"""The one place where a key is cut out of what an endpoint says, before anything is cut short, kept or shown."""

from __future__ import annotations

import base64
import json
import os
import re
from typing import Final
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

from judgeaudit.errors import ConfigError

SHORTEST: Final = 8
"""Characters; what is shorter is no key, and may be a word."""
_NAMED_AS_SECRET = re.compile(r"_(?:KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_HOLDS_SECRET = re.compile(
    r"^(?:.*[-_])?(?:api[-_]?key|authorization|auth[-_]?token|password|secret|credentials?)(?:[-_].*)?$", re.IGNORECASE
)


class Redactor:
    """Cuts a key out of a text, as it is or as JSON, a URL, base64 or hexadecimal digits.

    Parameters
    ----------
    key
        The key that is sent; None where litellm takes one from the environment: then whatever the environment names
        as a secret is cut out.
    """

    def __init__(self, key: SecretStr | None) -> None:
        secrets = [key.get_secret_value()] if key else [v for n, v in os.environ.items() if _NAMED_AS_SECRET.search(n)]
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in forms_of(secret)}
        longest_first = sorted(map(re.escape, forms), key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(longest_first)) if forms else None

    def __call__(self, text: str) -> str:
        """Return the text with every form of the key replaced by ``[key]``."""
        return self._pattern.sub("[key]", text) if self._pattern else text


def forms_of(secret: str) -> tuple[str, ...]:
    """Return the ways in which a key is commonly echoed."""
    raw = secret.encode()
    return (
        secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret),
        base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("="), raw.hex(),
    )  # fmt: skip


def refuse_written_keys(settings: object, where: str) -> None:
    """Refuse settings that hold a key by value: they would be written to the manifest.

    Raises
    ------
    ConfigError
        Naming the setting, never its value.
    """
    if isinstance(settings, dict):
        for name, value in settings.items():
            if _HOLDS_SECRET.match(str(name)):
                raise ConfigError(f"{where}: {name!r} would be kept in the manifest; name a key: api_key: env:NAME")
            refuse_written_keys(value, where)
    elif isinstance(settings, list | tuple):
        for value in settings:
            refuse_written_keys(value, where)
