"""The single seam through which every judge, real or simulated, is reached."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from judgeaudit import records


@runtime_checkable
class Judge(Protocol):
    """Anything that can choose between two answers, or score one.

    A judge makes exactly one attempt in a call to ``decide``: waiting, asking again and counting are the
    collection's. It raises `TransientError` or `PermanentError` where no reply came.
    """

    @property
    def name(self) -> str:
        """What every report calls it."""
        ...

    @property
    def model(self) -> str:
        """Which model it is."""
        ...

    @property
    def protocol(self) -> records.Protocol:
        """``pairwise``, ``reference`` (pairwise with the trusted answer) or ``score`` (each answer alone)."""
        ...

    @property
    def note(self) -> str:
        """What must be said whenever it is named; empty for most."""
        ...

    @property
    def endpoint(self) -> str:
        """Whatever shares a rate limit with it: host and key name, or its own name."""
        ...

    @property
    def parallel(self) -> int | None:
        """How many calls it can serve at once; None for as many as the configuration allows."""
        ...

    def recipe(self) -> dict[str, Any]:
        """All about this judge that could change an answer: model, prompt, settings. JSON values only, no keys."""
        ...

    def price_ceiling(self, showing: records.Showing) -> float | None:
        """Return the most that one call could cost, in US dollars; None where the price is unknown."""
        ...

    async def decide(self, showing: records.Showing, *, roomier: bool = False) -> records.Reply:
        """Ask once.

        Parameters
        ----------
        showing
            What the judge sees.
        roomier
            Allow the reply twice the tokens, and the call twice the price: for a judge that was cut off before it
            said anything.

        Raises
        ------
        TransientError
            No reply came, and asking again may help.
        PermanentError
            No reply came, and asking again will not help.
        """
        ...


@runtime_checkable
class Closable(Protocol):
    """A judge that holds connections, or threads."""

    async def close(self) -> None:
        """Close them, but those in use elsewhere; asking again opens new ones."""
        ...


@runtime_checkable
class Priced(Protocol):
    """A judge that is paid by the token."""

    @property
    def price(self) -> tuple[float, float] | None:
        """US dollars per million prompt and completion tokens; None where no price is known."""
        ...

    @property
    def batch_price(self) -> tuple[float, float] | None:
        """The same for calls in a provider's batch; None where it takes none, or no price is known."""
        ...

    def expected_usage(self, showing: records.Showing) -> records.Usage:
        """Return about how many tokens one call takes."""
        ...


def reading_of(judge: Judge) -> records.Reading | None:
    """Return the form in which a judge states its verdict, its ``reading``; None for the usual forms."""
    return getattr(judge, "reading", None)
