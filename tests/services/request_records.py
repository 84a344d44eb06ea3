"""Records of SCIM requests as tests make them, and what they need around them."""

from __future__ import annotations

from typing import Any

from app.rules.actor import OPERATOR
from app.rules.ids import Prefix
from app.rules.scim_requests import ScimRequestRecord
from app.services import scim_requests
from tests.application import World
from tests.scenes import Organization, found_organization


def with_directory(world: World) -> tuple[Organization, str]:
    """An organization with a draft directory: the organization and the directory's id."""
    organization = found_organization(world)
    organization.verify_domain()
    directory_id, _ = organization.add_directory()
    return organization, directory_id


def record(world: World, directory_id: str, **changes: Any) -> ScimRequestRecord:
    """A look-up that found somebody, unless told otherwise."""
    values: dict[str, Any] = {
        "id": world.transactions.ports.randomness.id(Prefix.SCIM_REQUEST),
        "directory_id": directory_id,
        "token_id": None,
        "at": world.clock.now(),
        "method": "GET",
        "path": '/Users?filter=userName eq "…"',
        "status": 200,
        "duration_us": 900,
        "resource": "User",
        **changes,
    }
    return ScimRequestRecord(**values)


def write(world: World, *records: ScimRequestRecord) -> None:
    """Write records, as pushes do."""
    with world.transactions.writing(OPERATOR) as unit:
        for one in records:
            scim_requests.write(unit, one)


def stored(world: World, organization_id: str, directory_id: str) -> list[ScimRequestRecord]:
    """Every record, oldest first."""
    with world.transactions.reading() as unit:
        return list(scim_requests.feed(unit, organization_id, directory_id, after="", limit=100_000))
