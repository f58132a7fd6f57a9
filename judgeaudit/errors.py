"""Everything that can go wrong, drawn as a tree.

::

    JudgeAuditError
    ├── UsageError                     the caller's input cannot be used as it stands (exit status 2)
    │   ├── ConfigError                the configuration file, or a value in it
    │   ├── ItemError                  a source item: names file, line and field
    │   ├── PairError                  a pair, or a file of pairs
    │   ├── PromptError                a judge's prompt template
    │   ├── DesignError                a design that cannot answer the question asked of it
    │   └── StoreError                 a run directory or a store that cannot be opened
    │       ├── StoreLockedError       another process is writing to it
    │       └── StoreDamagedError      it does not hold what was written, or is no store
    ├── JudgeError                     one call to a judge did not give a reply
    │   ├── TransientError             may succeed when asked again (rate limit, time-out, 5xx, dropped connection)
    │   ├── PermanentError             will not succeed when asked again (wrong key, unknown model, bad request)
    │   └── ReplyError                 a reply came that is not in the form that was asked for
    ├── BudgetError                    the next call could cross the spending cap (exit status 4)
    └── LocalModelError                the embedded model cannot be fetched or run on this machine

A message says what is wrong, where, what is allowed and what to do next. ``suggest`` supplies the "did you mean".
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class JudgeAuditError(Exception):
    """The root: catching it catches every error this package raises on purpose."""

    exit_status = 1


class UsageError(JudgeAuditError):
    """The caller's input cannot be used as it stands; nothing was asked, nothing was written."""

    exit_status = 2


class ConfigError(UsageError):
    """A configuration file, or a value in it, is wrong."""


class ItemError(UsageError):
    """A source item cannot be used: the message names file, line and field."""


class PairError(UsageError):
    """A pair of answers, or a file of pairs, cannot be used."""


class PromptError(UsageError):
    """A judge's prompt template lacks a placeholder or cannot be read."""


class DesignError(UsageError):
    """The data cannot identify what was asked for (for example position, when one order only was shown)."""


class StoreError(UsageError):
    """A run directory or verdict store cannot be opened."""


class StoreLockedError(StoreError):
    """Another process is writing to this store; the message names it."""


class StoreDamagedError(StoreError):
    """A store does not hold what was written to it, or is no store; what can still be read of it can be exported."""


class JudgeError(JudgeAuditError):
    """One call to a judge did not give a reply.

    Parameters
    ----------
    message
        What the judge's endpoint said.
    reason
        A short, stable code such as ``rate_limit`` or ``authentication``.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class TransientError(JudgeError):
    """Asking again may succeed.

    Parameters
    ----------
    message, reason
        As in `JudgeError`.
    retry_after_s
        Seconds the endpoint asked us to wait, where it said so.
    """

    def __init__(self, message: str, *, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, reason=reason)
        self.retry_after_s = retry_after_s


class PermanentError(JudgeError):
    """Asking again will not succeed: a wrong key, an unknown model, a malformed request."""


class ReplyError(JudgeError):
    """A reply came, and it is not in the form that was asked for: malformed, cut short, or a refusal.

    Parameters
    ----------
    message
        What is wrong with the reply, in words that its writer can act on.
    reason
        ``malformed``, ``truncated`` or ``refusal``.
    text
        The reply as received.
    """

    def __init__(self, message: str, *, reason: str, text: str) -> None:
        super().__init__(message, reason=reason)
        self.text = text


class BudgetError(JudgeAuditError):
    """The worst case of the next call would cross the spending cap; it was not made."""

    exit_status = 4


class LocalModelError(JudgeAuditError):
    """The embedded model cannot be fetched or run on this machine."""


def suggest(word: str, allowed: Iterable[str]) -> str:
    """Return ``' (did you mean "x"?)'`` for the closest allowed word, or an empty string.

    Examples
    --------
    >>> suggest("contrasst", ["contrasts", "doses"])
    ' (did you mean "contrasts"?)'
    >>> suggest("zzz", ["contrasts"])
    ''
    """
    close = difflib.get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    return f' (did you mean "{close[0]}"?)' if close else ""
