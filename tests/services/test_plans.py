"""Plans: what they say is what applying does, they hold a change to what was shown, and they write nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from app.rules.actor import OPERATOR
from app.rules.decisions import Allowed, Code, Refused
from app.rules.ids import Prefix
from app.rules.lockout import WayIn
from app.rules.plans import Loss, Outlook, Plan
from app.rules.roles import GroupSource
from app.services import connections, directories, members, organizations, role_mappings, roles
from app.services.organizations import Edit
from app.services.plans import Planned
from app.services.unit_of_work import UnitOfWork
from app.store import audit
from app.store import members as member_rows
from tests.application import World
from tests.scenes import ADA, GRACE, HOST, Organization, found_organization, provisioned
from tests.services.single_sign_on import connected, identity_of
from tests.services.test_roles import add, id_of, staffed

Change = Callable[[UnitOfWork], Planned[Any]]


def plan_of(world: World, change: Change) -> Plan:
    """The plan of a change, worked out where nothing can be written."""
    with world.transactions.snapshot(OPERATOR) as unit:
        return change(unit).plan()


def apply(world: World, change: Change, *, shown: str | None = None) -> object:
    with world.transactions.writing(OPERATOR) as unit:
        return change(unit).apply(shown=shown)


def emails(people: tuple[Outlook, ...], loss: Loss | None = None) -> set[str]:
    return {one.after.standing.email for one in people if loss is None or loss in one.losses}


def stands(organization: Organization) -> dict[str, tuple[str, str, str | None, str, bool, bool]]:
    """Everybody as stored."""
    with organization.world.transactions.reading() as unit:
        rows = member_rows.page(unit.session, organization.id, after="", limit=1000)
        return {
            row.email: (row.role, row.role_source, row.role_mapping_id, row.state, row.suspended, row.held)
            for row in rows
        }


def foretold(plan: Plan, *, before: dict[str, Any]) -> dict[str, Any]:
    """Everybody as the plan says."""
    found = dict(before)
    for one in plan.people:
        person = one.after.standing
        role = person.role
        found[person.email] = (role.role, role.source, role.mapping_id, person.state, person.suspended, person.held)
        if person.removed:
            del found[person.email]
    return found


# -------------------------------------------------------------------------------------------- the plan is what happens


def to_map(world: World, organization: Organization) -> Change:
    with world.transactions.reading() as unit:
        directory = directories.all_of(unit, organization.id)[0]
        group = next(
            group for group in directories.groups(unit, organization.id, directory.id, after="", limit=9)
            if group.display_name == "Authors"
        )  # fmt: skip
    return lambda unit: role_mappings.to_add(
        unit, organization.id, source=GroupSource.DIRECTORY, group=group.id, role="editor"
    )


def to_unmap(world: World, organization: Organization) -> Change:
    with world.transactions.reading() as unit:
        mapping = next(one for one in role_mappings.all_of(unit, organization.id) if one.role == "editor")
    return lambda unit: role_mappings.to_remove(unit, organization.id, mapping.id)


def to_activate(world: World, organization: Organization) -> Change:
    """Somebody whom the directory deactivated before it was turned off, with a role that was granted earlier."""
    with world.transactions.writing(OPERATOR) as unit:
        directories.to_deactivate(unit, organization.id, directory_of(organization)).apply()
        grace = members.read(unit, organization.id, organization.member(GRACE).id)
        grace.state, grace.granted_role = "deactivated", "author"
    return lambda unit: members.to_edit(unit, organization.id, grace.id, activate=True)


CHANGES: dict[str, Callable[[World, Organization], Change]] = {
    "a group mapped": to_map,
    "a mapping removed": to_unmap,
    "a role deleted": lambda _, acme: lambda unit: roles.to_delete(unit, acme.id, id_of(acme, "editor")),
    "roles reordered": lambda _, acme: lambda unit: roles.to_reorder(
        unit, acme.id, ["admin", "author", "editor", "member"]
    ),
    "a role moved": lambda _, acme: lambda unit: roles.to_move(unit, acme.id, id_of(acme, "author"), up=True),
    "another priority": lambda _, acme: lambda unit: roles.to_edit(unit, acme.id, id_of(acme, "author"), priority=99),
    "another default role": lambda _, acme: lambda unit: organizations.to_edit(
        unit, acme.id, Edit(default_role="author")
    ),
    "a suspension": lambda _, acme: lambda unit: members.to_edit(unit, acme.id, acme.member(GRACE).id, suspended=True),
    "somebody made active again": to_activate,
    "the directory off": lambda _, acme: lambda unit: directories.to_deactivate(unit, acme.id, directory_of(acme)),
    "the directory deleted": lambda _, acme: lambda unit: directories.to_delete(unit, acme.id, directory_of(acme)),
}  # fmt: skip


def directory_of(organization: Organization) -> str:
    with organization.world.transactions.reading() as unit:
        return directories.all_of(unit, organization.id)[0].id


@pytest.mark.parametrize("name", CHANGES)
def test_applying_does_exactly_what_the_plan_says(world: World, name: str) -> None:
    staff = staffed(world)
    staff.scene.scim.add_user(f"lin@{HOST}")  # in no group: she has the default role
    change = CHANGES[name](world, staff.organization)
    before = stands(staff.organization)

    plan = plan_of(world, change)
    unchanged = stands(staff.organization)
    outcome = apply(world, change, shown=plan.hash)

    assert unchanged == before
    assert isinstance(plan.decision, Allowed)
    assert not isinstance(outcome, Refused), outcome
    assert plan.people
    after = stands(staff.organization)
    told = foretold(plan, before=before)
    # A mapping that is planned twice has another id each time; everything else is the same.
    assert {email: row[:2] + row[3:] for email, row in after.items()} == {
        email: row[:2] + row[3:] for email, row in told.items()
    }
    assert {one.after.standing.email for one in plan.people} == {
        email for email in after if after[email][:2] + after[email][3:] != before[email][:2] + before[email][3:]
    }


def test_plan_of_a_directory_says_who_joins_who_goes_and_whom_it_leaves_alone(world: World) -> None:
    organization = found_organization(world)
    organization.verify_domain()
    organization.store_recovery_codes()
    directory_id, scim = organization.add_directory()
    ada = scim.add_user(ADA)
    scim.add_user(GRACE)
    scim.add_user("eve@other.test")
    scim.add_user(f"idle@{HOST}", active=False)
    admins = scim.add_group("Admins", ada)
    organization.map_group(admins)
    outside = _granted(world, organization, f"outside@{HOST}")
    before = stands(organization)

    def change(unit: UnitOfWork) -> Planned[Any]:
        return directories.to_activate(unit, organization.id, directory_id)

    plan = plan_of(world, change)

    assert stands(organization) == before
    by_email = {one.after.standing.email: one for one in plan.people}
    assert by_email[GRACE].before is None
    assert by_email[ADA].after.standing.role.source == "mapped"
    assert plan.groups[str(by_email[ADA].after.standing.role.mapping_id)] == "Admins"
    assert (plan.totals.joining, plan.takes) == (1, False)
    assert {(one.email, one.reason) for one in plan.asides} == {
        (outside, "not_in_directory"),
        ("eve@other.test", "unverified_host"),
        (f"idle@{HOST}", "inactive"),
    }
    assert not isinstance(apply(world, change, shown=plan.hash), Refused)
    assert stands(organization) == foretold(plan, before=before)


def test_plan_of_a_directory_counts_the_inactive_among_its_members_as_shut_out(world: World) -> None:
    organization = found_organization(world)
    organization.verify_domain()
    organization.store_recovery_codes()
    directory_id, scim = organization.add_directory()
    organization.map_group(scim.add_group("Admins", scim.add_user(ADA)))
    gone = _granted(world, organization, f"gone@{HOST}")
    scim.add_user(gone, active=False)

    plan = plan_of(world, lambda unit: directories.to_activate(unit, organization.id, directory_id))

    assert emails(plan.people, Loss.SIGN_IN) == {gone}
    assert (plan.totals.shut_out, plan.totals.leaving) == (1, 1)


def test_plan_of_single_sign_on_says_for_everybody_where_they_come_in(world: World) -> None:
    scene = connected(world)
    _granted(world, scene.organization, GRACE)
    guest = _granted(world, scene.organization, "guest@else.test")
    scene.come_back(identity_of(world, ADA), tester=True)
    scene.organization.store_recovery_codes()
    with world.transactions.reading() as unit:
        admin = members.read(unit, scene.organization.id, scene.organization.admin_id)

    plan = plan_of(
        world,
        lambda unit: connections.to_activate(unit, scene.organization.id, scene.connection_id, acting=admin),
    )

    by_email = {one.after.standing.email: one for one in plan.people}
    assert by_email[ADA].after.door is WayIn.SINGLE_SIGN_ON
    assert by_email[ADA].after.is_proven
    assert by_email[GRACE].must_prove
    assert by_email[guest].losses == {Loss.SIGN_IN}
    assert isinstance(plan.decision, Allowed)
    assert plan.decision.proof == {
        "administrator": scene.organization.admin_id, "email": ADA, "way_in": "single_sign_on",
    }  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- the holds


def test_change_that_has_come_to_take_more_than_was_shown_is_refused_and_written_down(world: World) -> None:
    staff = staffed(world)
    change = CHANGES["a mapping removed"](world, staff.organization)
    shown = plan_of(world, change)
    staff.scene.scim.add_member(staff.editors, staff.scene.scim.add_user(f"new@{HOST}"))
    before = stands(staff.organization)

    outcome = apply(world, change, shown=shown.hash)

    assert isinstance(outcome, Refused)
    assert outcome.code is Code.PLAN_OUTDATED
    assert stands(staff.organization) == before
    with world.transactions.reading() as unit:
        entry = audit.after(unit.session, staff.organization.id, after_id="", limit=1000)[-1]
    assert (entry.outcome, entry.action) == ("refused", "role_mapping.deleted")
    assert str(entry.reason).startswith("plan_outdated")


def test_change_is_made_although_something_else_has_happened_since_it_was_shown(world: World) -> None:
    staff = staffed(world)
    change = CHANGES["a mapping removed"](world, staff.organization)
    shown = plan_of(world, change)
    staff.scene.scim.add_user(f"new@{HOST}")  # in no mapped group

    assert not isinstance(apply(world, change, shown=shown.hash), Refused)


def test_change_that_has_come_to_take_less_is_made(world: World) -> None:
    staff = staffed(world)
    change = CHANGES["a mapping removed"](world, staff.organization)
    shown = plan_of(world, change)
    for user in _users(world, staff.organization, GRACE):
        staff.scene.scim.remove_member(staff.editors, user)

    assert shown.takes
    assert not isinstance(apply(world, change, shown=shown.hash), Refused)


@pytest.mark.parametrize("shown", [None, "1-000000000000", "nonsense"])
def test_directory_is_activated_only_by_somebody_who_has_seen_what_it_does(world: World, shown: str | None) -> None:
    scene = provisioned(world)
    with world.transactions.writing(OPERATOR) as unit:
        directories.to_deactivate(unit, scene.organization.id, scene.directory_id).apply()

    outcome = apply(
        world, lambda unit: directories.to_activate(unit, scene.organization.id, scene.directory_id), shown=shown
    )

    assert isinstance(outcome, Refused)
    assert outcome.code is (Code.PLAN_REQUIRED if shown is None else Code.PLAN_OUTDATED)
    with world.transactions.reading() as unit:
        assert directories.read(unit, scene.organization.id, scene.directory_id).state == "inactive"


# ---------------------------------------------------------------------------------------------------------- refusals


def test_plan_of_what_the_guard_refuses_says_why_and_what_it_would_have_done(world: World) -> None:
    organization = found_organization(world)

    plan = plan_of(world, lambda unit: members.to_edit(unit, organization.id, organization.admin_id, role="member"))

    assert isinstance(plan.decision, Refused)
    assert plan.decision.code is Code.LAST_ADMINISTRATOR
    assert emails(plan.people, Loss.ADMINISTRATION) == {ADA}


def test_plan_of_what_a_rule_refuses_says_what_is_missing_and_what_it_would_do(world: World) -> None:
    organization = found_organization(world)
    organization.verify_domain()
    directory_id, scim = organization.add_directory()
    scim.add_user(GRACE)

    plan = plan_of(world, lambda unit: directories.to_activate(unit, organization.id, directory_id))

    assert isinstance(plan.decision, Refused)
    assert plan.decision.code is Code.DIRECTORY_ADMIN_REQUIRED
    assert {one.after.standing.email for one in plan.people if one.before is None} == {GRACE}


def test_change_without_consequences_has_an_empty_plan(world: World) -> None:
    organization = found_organization(world)

    plan = plan_of(world, lambda unit: roles.to_add(unit, organization.id, slug="editor", name="Editor"))

    assert plan.people == ()
    assert isinstance(plan.decision, Allowed)


def test_database_refuses_to_write_where_only_plans_are_made(world: World) -> None:
    organization = found_organization(world)

    with world.transactions.snapshot(OPERATOR) as unit:
        roles.to_add(unit, organization.id, slug="editor", name="Editor").apply()
        with pytest.raises(DBAPIError):
            unit.flush()
    add(organization, "editor")  # and writes again afterwards, on the same connections


# --------------------------------------------------------------------------------------------------------------- steps


def _granted(world: World, organization: Organization, email: str, role: str = "member") -> str:
    """Somebody who is just there and has signed in before; their address."""
    with world.transactions.writing(OPERATOR) as unit:
        admin = members.read(unit, organization.id, organization.admin_id)
        row = {column.name: getattr(admin, column.name) for column in member_rows.MEMBERS.columns}
        row |= {"id": unit.ports.randomness.id(Prefix.MEMBER), "email": email, "granted_role": role, "role": role}
        unit.session.add(member_rows.Member(**row))
    return email


def _users(world: World, organization: Organization, email: str) -> list[str]:
    """The directory users with this address."""
    with world.transactions.reading() as unit:
        found = directories.users(unit, organization.id, directory_of(organization), after="", limit=100)
        return [user.id for user in found if user.email == email]
