"""Two administrators, each taken away by the other side at the same moment: one always stays."""

from __future__ import annotations

import pytest

from app.rules.ids import Prefix
from app.store import members
from tests.application import OPERATOR_TOKEN, World
from tests.concurrency.rivals import Call, Processes, Rivals
from tests.scenes import ADA, GRACE, Organization, Provisioned, found_organization, provisioned

ROUNDS = 200


def test_two_demotions_by_api_at_once_leave_an_administrator_in_every_round(
    world: World, database_url: str, processes: Processes
) -> None:
    organization = _two_granted(world)

    with processes.meet(database_url) as both:
        outcomes = [_demote_each_other(organization, both) for _ in range(ROUNDS)]

    assert outcomes == [((200, 409), 1)] * ROUNDS


def test_two_deactivations_by_scim_at_once_leave_one_usable_or_held_in_every_round(
    world: World, database_url: str, processes: Processes
) -> None:
    scene, grace = _two_provisioned(world)

    with processes.meet(database_url) as both:
        outcomes = [_deactivate_each_other(scene, grace, both) for _ in range(ROUNDS)]

    assert outcomes == [((200, 200), 1)] * ROUNDS


def test_without_the_lock_both_administrators_are_lost(world: World, database_url: str, processes: Processes) -> None:
    """Shows that the rounds above can fail. SQLite is left out: there the lock is the writing transaction itself."""
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time; its lock cannot be taken out")
    organization = _two_granted(world)

    with processes.meet(database_url, with_lock=False) as both:
        left = {_demote_each_other(organization, both)[1] for _ in range(20)}

    assert 0 in left


def _two_granted(world: World) -> Organization:
    """Ada and Grace are administrators by grant, both have signed in."""
    organization = found_organization(world)
    with world.transactions.writing() as unit:
        ada = members.present(unit.session, organization.id, organization.admin_id)
        assert ada is not None
        columns = {column.name: getattr(ada, column.name) for column in members.Member.__table__.columns}
        unit.session.add(members.Member(**(columns | {"id": unit.id(Prefix.MEMBER), "email": GRACE})))
    return organization


def _two_provisioned(world: World) -> tuple[Provisioned, str]:
    """Ada and Grace are administrators through the pushed group, both have signed in."""
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    scene.scim.add_member(scene.admins, grace)
    world.browser().sign_in(GRACE)
    return scene, grace


def _demote_each_other(organization: Organization, both: Rivals) -> tuple[tuple[int, ...], int]:
    path = f"/api/v1/organizations/{organization.id}/members"
    calls = [
        Call("PATCH", f"{path}/{organization.member(email).id}", {"role": "member"}, OPERATOR_TOKEN)
        for email in (ADA, GRACE)
    ]
    codes = tuple(sorted(both.play(*calls)))
    left = _administrators(organization)
    with organization.world.transactions.writing() as unit:
        for row in members.page(unit.session, organization.id, after="", limit=10):
            row.role, row.role_source, row.granted_role, row.held = "admin", "granted", "admin", False
    return codes, left


def _deactivate_each_other(scene: Provisioned, grace: str, both: Rivals) -> tuple[tuple[int, ...], int]:
    path = scene.scim.base_url.partition(".test")[2]
    body: dict[str, object] = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": False}],
    }
    calls = [
        Call("PATCH", f"{path}/Users/{user}", body, scene.scim.token, "application/scim+json")
        for user in (scene.ada, grace)
    ]
    codes = tuple(sorted(both.play(*calls)))
    left = _administrators(scene.organization)
    for user in (scene.ada, grace):
        scene.scim.set_active(user, True)
    return codes, left


def _administrators(organization: Organization) -> int:
    """How many are usable or held: active administrators, and those on hold."""
    with organization.world.transactions.reading() as unit:
        rows = members.administrators(unit.session, organization.id)
        return sum(1 for row in rows if row.held or row.state == "active")
