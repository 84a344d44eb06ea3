"""The two processes of the tests in this folder: started once, because each takes seconds to come up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.concurrency.rivals import Processes, started


@pytest.fixture(scope="session")
def processes() -> Iterator[Processes]:
    """Two processes that make requests when they are told to."""
    with started() as both:
        yield both
