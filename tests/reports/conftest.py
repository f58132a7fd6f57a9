"""One fitted run of judges of known taste, shared by the tests of the page and the comment."""

from __future__ import annotations

import pytest

from .audits import known_run


@pytest.fixture(scope="session")
def run():
    """Return the audit, its pairs and its verdicts."""
    return known_run()
