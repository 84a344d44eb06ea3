"""A change that moves more people than fit into one statement reaches every one of them, and nobody else."""

from __future__ import annotations

from sqlalchemy import select

from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.services import directories, role_mappings, roles
from app.store.audit import ENTRIES
from app.store.members import MEMBERS
from tests.application import World
from tests.scenes import ADA, HOST, Organization, provisioned

OUTSIDER = f"outsider@{HOST}"
PEOPLE = [f"person{number}@{HOST}" for number in range(530)]


def test_mapping_of_a_large_group_reaches_everybody_in_it_once(world: World) -> None:
    scene = provisioned(world)
    organization = scene.organization
    scene.scim.add_user(OUTSIDER)
    group = scene.scim.add_group("Everybody", *(scene.scim.add_user(email) for email in PEOPLE))
    with world.transactions.writing(OPERATOR) as unit:
        assert not isinstance(roles.to_add(unit, organization.id, slug="editor", name="Editor").apply(), Refused)

    begun = len(steps(organization))
    mapping_id = organization.map_group(group, "editor")
    assert standing(organization) == {ADA: ("admin", None), OUTSIDER: ("member", None)} | dict.fromkeys(
        PEOPLE, ("editor", None)
    )
    assert sorted(steps(organization)[begun:]) == sorted((email, "member", "editor") for email in PEOPLE)

    with world.transactions.writing(OPERATOR) as unit:
        assert directories.to_deactivate(unit, organization.id, scene.directory_id).apply() is not None
    assert standing(organization) == {ADA: ("admin", "admin"), OUTSIDER: ("member", "member")} | dict.fromkeys(
        PEOPLE, ("editor", "editor")
    )

    organization.activate_directory(scene.directory_id)
    with world.transactions.writing(OPERATOR) as unit:
        assert role_mappings.to_remove(unit, organization.id, mapping_id).apply() is None
    assert standing(organization) == {ADA: ("admin", None), OUTSIDER: ("member", None)} | dict.fromkeys(
        PEOPLE, ("member", None)
    )
    assert sorted(steps(organization)[begun + len(PEOPLE) :]) == sorted((email, "editor", "member") for email in PEOPLE)


def standing(organization: Organization) -> dict[str, tuple[str, str | None]]:
    """Everybody's role and granted role, as stored."""
    with organization.world.transactions.reading() as unit:
        found = unit.connection.execute(select(MEMBERS.c.email, MEMBERS.c.role, MEMBERS.c.granted_role))
        return {row.email: (row.role, row.granted_role) for row in found}


def steps(organization: Organization) -> list[tuple[str, str, str]]:
    """Whose role changed from what to what, as told in events, and in as many audit entries in the same order."""
    told = [event for event in organization.events() if event.type == "member.role_changed"]
    with organization.world.transactions.reading() as unit:
        audited = unit.connection.execute(
            select(ENTRIES.c.subject, ENTRIES.c.after)
            .where(ENTRIES.c.action == "member.role_changed")
            .order_by(ENTRIES.c.id)
        ).all()
        email_of = {row.id: row.email for row in unit.connection.execute(select(MEMBERS.c.id, MEMBERS.c.email))}
    assert [(event.subject, event.data) for event in told] == [(entry.subject, entry.after) for entry in audited]
    return [(email_of[event.subject], event.data["before"], event.data["after"]) for event in told]
