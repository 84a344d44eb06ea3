"""scim2-tester, the conformance harness of the python-scim project, against a directory of each provider kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from tests.scim.application import Installation

#: How many checks scim2-tester 0.5.2 makes of what a directory announces; fewer would mean that less is announced.
CHECKS = 133


@pytest.mark.parametrize("provider", ["generic", "okta", "entra"])
def test_every_check_of_scim2_tester_passes(
    installation: Installation, provider: str, record_property: Callable[[str, object], None]
) -> None:
    pushing = installation.directory(provider)
    client = WSGISCIMClient(
        installation.application, base_url=pushing.base_url, headers={"Authorization": f"Bearer {pushing.token}"}
    )
    results = check_server(client)
    record_property("checks", len(results))  # stands in the report of the run
    bad = [one for one in results if one.status is not Status.SUCCESS]
    assert not bad, "\n".join(f"{one.status} {one.title} {one.reason}" for one in bad)
    assert len(results) == CHECKS
