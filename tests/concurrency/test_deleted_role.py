"""A role deleted at the moment somebody gives it: afterwards nobody has it, and no group gives it."""

from __future__ import annotations

from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.services import members, role_mappings, roles
from tests.application import OPERATOR_TOKEN, World
from tests.concurrency.rivals import Call, Processes, Rivals
from tests.scenes import GRACE, Organization, provisioned

ROUNDS = 40


def test_role_deleted_while_it_is_granted_is_nobodys_in_every_round(
    world: World, database_url: str, processes: Processes
) -> None:
    scene = provisioned(world)
    scene.scim.add_user(GRACE)
    organization = scene.organization
    grant = Call("PATCH", f"{_path(organization)}/members/{organization.member(GRACE).id}", {"role": "editor"},
                 OPERATOR_TOKEN)  # fmt: skip

    with processes.meet(database_url) as both:
        codes = {_delete_while(grant, organization, both) for _ in range(ROUNDS)}

    assert codes <= {(204, 200), (204, 400)}


def test_role_deleted_while_a_group_is_mapped_to_it_is_nobodys_in_every_round(
    world: World, database_url: str, processes: Processes
) -> None:
    organization = provisioned(world).organization
    mapping: dict[str, object] = {"source": "sign_in", "group": "writers", "role": "editor"}
    add = Call("POST", f"{_path(organization)}/role-mappings", mapping, OPERATOR_TOKEN)

    with processes.meet(database_url) as both:
        codes = {_delete_while(add, organization, both) for _ in range(ROUNDS)}

    assert codes <= {(204, 201), (204, 400)}


def _delete_while(call: Call, organization: Organization, both: Rivals) -> tuple[int, int]:
    with organization.world.transactions.writing(OPERATOR) as unit:
        role = roles.to_add(unit, organization.id, slug="editor", name="Editor").apply()
        assert not isinstance(role, Refused)
    codes = both.play(Call("DELETE", f"{_path(organization)}/roles/{role.id}", None, OPERATOR_TOKEN), call)
    with organization.world.transactions.reading() as unit:
        people = members.page(unit, organization.id, after="", limit=10)
        assert {person.role for person in people} <= {"admin", "member"}
        assert {person.granted_role for person in people} <= {None, "member"}
        assert {mapping.role for mapping in role_mappings.all_of(unit, organization.id)} == {"admin"}
    return codes


def _path(organization: Organization) -> str:
    return f"/api/v1/organizations/{organization.id}"
