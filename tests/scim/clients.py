"""scim2-client, a SCIM client nobody here wrote, pointed at a directory without a network."""

from __future__ import annotations

from scim2_client.engines.wsgi import WSGISCIMClient

from tests.scim.application import Installation, Pushing


def scim_client(installation: Installation, pushing: Pushing) -> WSGISCIMClient:
    """A client that has discovered the directory and is told of nothing else."""
    client = WSGISCIMClient(
        installation.application, base_url=pushing.base_url, headers={"Authorization": f"Bearer {pushing.token}"}
    )
    client.discover()
    return client
