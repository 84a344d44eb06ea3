"""Both databases for every SCIM test: one installation each for the run, a fresh directory for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scim.application import Installation, Pushing


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('scim') / 'doorward.db'}"
    else:
        url = request.getfixturevalue("postgres").create_database()
    made = Installation.at(url)
    yield made
    made.close()


@pytest.fixture
def generic(installation: Installation) -> Pushing:
    """A directory of no particular provider."""
    return installation.directory()


@pytest.fixture
def entra(installation: Installation) -> Pushing:
    return installation.directory("entra")


@pytest.fixture
def okta(installation: Installation) -> Pushing:
    return installation.directory("okta")
