"""The clients of the checklists: directories of each kind, reached with the headers each client sends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scim.application import Installation, Pushing

#: As in Okta's reference and its SPEC test.
OKTA_HEADERS = {
    "User-Agent": "Okta SCIM Client 1.0.0",
    "Accept": "application/scim+json",
    "Accept-Charset": "utf-8",
    "Accept-Encoding": "gzip,deflate",
}


@pytest.fixture
def okta(installation: Installation) -> Pushing:
    """A directory that Okta pushes into."""
    return replace(installation.directory("okta"), headers=OKTA_HEADERS)


@pytest.fixture
def entra(installation: Installation) -> Pushing:
    """A directory that Microsoft Entra pushes into."""
    return replace(installation.directory("entra"), headers={"Accept": "application/scim+json"})
