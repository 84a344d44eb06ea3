"""Roles added, renamed, ordered and deleted: exactly the people touched, each told; nobody gets in or is lost by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from app.rules.actor import OPERATOR
from app.rules.audit import AuditRecord
from app.rules.decisions import Code, Refused
from app.rules.errors import ConflictError, NotFoundError
from app.rules.identity import ReceivedGroups
from app.rules.roles import GroupSource
from app.services import members, organizations, role_mappings, roles
from app.services.organizations import Edit
from app.services.unit_of_work import UnitOfWork
from app.store import audit, listings
from app.store.events import Event
from tests.application import World
from tests.scenes import ADA, GRACE, HOST, Organization, Provisioned, found_organization, provisioned
from tests.services.single_sign_on import identity_of, required

ALAN = f"alan@{HOST}"


@dataclass
class Staff:
    """Grace is in the groups Editors and Authors, Alan in Authors only; each is mapped to the role of its name."""

    scene: Provisioned
    editors: str
    authors: str
    #: How many changes of roles the setting up took.
    begun: int

    @property
    def organization(self) -> Organization:
        return self.scene.organization

    def roles(self) -> tuple[str, str, str]:
        """The stored roles of Ada, Grace and Alan."""
        ada, grace, alan = (self.organization.member(email).role for email in (ADA, GRACE, ALAN))
        return ada, grace, alan

    def changed(self) -> list[tuple[str, str, str]]:
        """Whose role changed since, from what to what: as told in events, and in as many audit entries."""
        told = happened(self.organization, "member.role_changed")[self.begun :]
        audited = entries(self.organization, "member.role_changed")[self.begun :]
        assert [event.subject for event in told] == [entry.subject for entry in audited]
        return [(event.subject, event.data["before"], event.data["after"]) for event in told]


def staffed(world: World) -> Staff:
    scene = provisioned(world)
    grace, alan = scene.scim.add_user(GRACE), scene.scim.add_user(ALAN)
    editors, authors = scene.scim.add_group("Editors", grace), scene.scim.add_group("Authors", grace, alan)
    add(scene.organization, "author", priority=30)
    add(scene.organization, "editor", priority=70)
    scene.organization.map_group(editors, "editor")
    scene.organization.map_group(authors, "author")
    return Staff(scene, editors, authors, len(happened(scene.organization, "member.role_changed")))


# ---------------------------------------------------------------------------------------------------- adding, renaming


def test_added_role_stands_below_admin_and_is_told(world: World) -> None:
    organization = found_organization(world)

    role_id = add(organization, "editor")

    assert order(organization) == ["admin", "editor", "member"]
    assert last_entry(organization).action == "role.created"
    assert last_entry(organization).after == {"slug": "editor", "name": "Editor", "priority": 10}
    told = [event.subject for event in happened(organization, "role.created")]
    assert told == [role_id]


@pytest.mark.parametrize(
    ("slug", "priority", "field"), [("editor", 5, "slug"), ("admin", 5, "slug"), ("a", 10, "priority")]
)
def test_slug_and_priority_belong_to_one_role(world: World, slug: str, priority: int, field: str) -> None:
    organization = found_organization(world)
    add(organization, "editor", priority=10)

    with pytest.raises(ConflictError) as refused:
        add(organization, slug, priority=priority)

    assert refused.value.field == field
    assert order(organization) == ["admin", "editor", "member"]


def test_same_slug_may_be_used_in_every_organization(world: World) -> None:
    acme, other = found_organization(world), found_organization(world, "eve@other.test", "Other")

    add(acme, "editor")
    add(other, "editor")

    assert order(acme) == order(other) == ["admin", "editor", "member"]


def test_renamed_role_keeps_its_slug_and_its_people(world: World) -> None:
    staff = staffed(world)

    with world.transactions.writing(OPERATOR) as unit:
        renamed = roles.to_edit(
            unit, staff.organization.id, id_of(staff.organization, "editor"), name="  Redaktion "
        ).apply()

    assert not isinstance(renamed, Refused)
    assert (renamed.slug, renamed.name) == ("editor", "Redaktion")
    assert staff.roles() == ("admin", "editor", "author")
    entry = last_entry(staff.organization)
    assert (entry.action, entry.before["name"], entry.after["name"]) == ("role.updated", "Editor", "Redaktion")
    assert staff.changed() == []


def test_change_to_what_is_there_already_is_not_recorded(world: World) -> None:
    organization = found_organization(world)
    role_id = add(organization, "editor", priority=10)
    before = last_entry(organization).id

    with world.transactions.writing(OPERATOR) as unit:
        roles.to_edit(unit, organization.id, role_id, name="Editor", priority=10).apply()
        roles.to_reorder(unit, organization.id, ["admin", "editor", "member"]).apply()

    assert last_entry(organization).id == before


@pytest.mark.parametrize("changes", [{"name": "Boss"}, {"priority": 5}])
def test_admin_is_neither_renamed_nor_moved(world: World, changes: dict[str, object]) -> None:
    organization = found_organization(world)

    with world.transactions.writing(OPERATOR) as unit:
        refused = roles.to_edit(unit, organization.id, id_of(organization, "admin"), **changes).apply()  # type: ignore[arg-type]

    assert isinstance(refused, Refused)
    assert refused.code is Code.ROLE_BUILT_IN
    assert order(organization) == ["admin", "member"]
    assert (last_entry(organization).outcome, last_entry(organization).action) == ("refused", "role.updated")


def test_member_may_be_renamed_and_moved_but_not_deleted(world: World) -> None:
    organization = found_organization(world)
    add(organization, "editor")
    member = id_of(organization, "member")

    with world.transactions.writing(OPERATOR) as unit:
        roles.to_edit(unit, organization.id, member, name="Colleague").apply()
        roles.to_move(unit, organization.id, member, up=True).apply()
    with world.transactions.writing(OPERATOR) as unit:
        refused = roles.to_delete(unit, organization.id, member).apply()

    assert isinstance(refused, Refused)
    assert refused.code is Code.ROLE_BUILT_IN
    assert order(organization) == ["admin", "member", "editor"]


# ----------------------------------------------------------------------------------------------------------- the order


def test_new_order_touches_exactly_those_in_both_groups(world: World) -> None:
    staff = staffed(world)
    assert staff.roles() == ("admin", "editor", "author")

    with world.transactions.writing(OPERATOR) as unit:
        roles.to_reorder(unit, staff.organization.id, ["admin", "author", "editor", "member"]).apply()

    assert staff.roles() == ("admin", "author", "author")
    grace = staff.organization.member(GRACE).id
    assert staff.changed() == [(grace, "editor", "author")]
    entry = last_entry(staff.organization, "roles.reordered")
    assert entry.before == {"order": ["admin", "editor", "author", "member"]}
    assert entry.after == {"order": ["admin", "author", "editor", "member"]}
    assert entry.proof["email"] == ADA
    assert len(happened(staff.organization, "roles.reordered")) == 1


def test_nobody_else_is_even_read_for_a_new_order(world: World) -> None:
    staff = staffed(world)
    ada, grace, alan = (staff.organization.member(email).id for email in (ADA, GRACE, ALAN))
    staff.scene.scim.add_user("eve@acme.test")

    def found(group: str, role: str) -> set[str]:
        with world.transactions.reading() as unit:
            return set(listings.mapped_members_in_groups(unit.session, staff.scene.directory_id, [group], roles=[role]))

    assert found(staff.authors, "editor") == {grace}
    assert found(staff.authors, "author") == {alan}
    assert found(staff.scene.admins, "admin") == {ada}
    assert found(staff.editors, "member") == found(staff.scene.admins, "editor") == set()


def test_priority_alone_moves_a_role_too(world: World) -> None:
    staff = staffed(world)

    with world.transactions.writing(OPERATOR) as unit:
        roles.to_edit(unit, staff.organization.id, id_of(staff.organization, "author"), priority=71).apply()

    assert order(staff.organization) == ["admin", "author", "editor", "member"]
    assert staff.roles() == ("admin", "author", "author")


def test_priority_that_passes_nobody_touches_nobody(world: World) -> None:
    staff = staffed(world)

    with world.transactions.writing(OPERATOR) as unit:
        roles.to_edit(unit, staff.organization.id, id_of(staff.organization, "author"), priority=69).apply()

    assert staff.roles() == ("admin", "editor", "author")


def test_step_up_and_down_again_changes_nothing_in_the_end(world: World) -> None:
    staff = staffed(world)
    author = id_of(staff.organization, "author")

    with world.transactions.writing(OPERATOR) as unit:
        roles.to_move(unit, staff.organization.id, author, up=True).apply()
    assert staff.roles() == ("admin", "author", "author")
    with world.transactions.writing(OPERATOR) as unit:
        roles.to_move(unit, staff.organization.id, author, up=False).apply()

    assert staff.roles() == ("admin", "editor", "author")
    assert order(staff.organization) == ["admin", "editor", "author", "member"]


@pytest.mark.parametrize(
    ("slug", "up", "code"), [("editor", True, Code.ROLE_BUILT_IN), ("member", False, Code.ROLE_LOWEST)]
)
def test_step_past_admin_or_below_the_lowest_is_refused(world: World, slug: str, up: bool, code: Code) -> None:
    organization = found_organization(world)
    add(organization, "editor")

    with world.transactions.writing(OPERATOR) as unit:
        refused = roles.to_move(unit, organization.id, id_of(organization, slug), up=up).apply()

    assert isinstance(refused, Refused)
    assert refused.code is code
    assert order(organization) == ["admin", "editor", "member"]


def test_order_without_admin_on_top_is_refused_and_only_that_is_written(world: World) -> None:
    staff = staffed(world)

    with world.transactions.writing(OPERATOR) as unit:
        refused = roles.to_reorder(unit, staff.organization.id, ["author", "admin", "editor", "member"]).apply()

    assert isinstance(refused, Refused)
    assert refused.code is Code.ROLE_BUILT_IN
    assert staff.roles() == ("admin", "editor", "author")
    assert order(staff.organization) == ["admin", "editor", "author", "member"]
    assert (last_entry(staff.organization).outcome, staff.changed()) == ("refused", [])


def test_order_decides_over_groups_of_a_sign_in_too(world: World) -> None:
    scene = required(world)
    organization = scene.organization
    add(organization, "author", priority=30)
    add(organization, "editor", priority=70)
    with world.transactions.writing(OPERATOR) as unit:
        for group, role in (("editors", "editor"), ("authors", "author")):
            role_mappings.to_add(unit, organization.id, source=GroupSource.SIGN_IN, group=group, role=role).apply()
            unit.session.flush()
    for email, groups in ((GRACE, {"editors", "authors"}), (ALAN, {"authors"})):
        scene.come_back(identity_of(world, email, groups=ReceivedGroups.of(frozenset(groups))))
    assert organization.member(GRACE).role == "editor"

    with world.transactions.writing(OPERATOR) as unit:
        roles.to_reorder(unit, organization.id, ["admin", "author", "editor", "member"]).apply()

    assert [organization.member(email).role for email in (GRACE, ALAN)] == ["author", "author"]


# ------------------------------------------------------------------------------------------------------------ deleting


def test_deleted_role_falls_away_with_its_mappings_and_exactly_its_people_are_told(world: World) -> None:
    staff = staffed(world)

    with world.transactions.writing(OPERATOR) as unit:
        assert roles.to_delete(unit, staff.organization.id, id_of(staff.organization, "editor")).apply() is None

    assert staff.roles() == ("admin", "author", "author")
    grace = staff.organization.member(GRACE).id
    assert staff.changed() == [(grace, "editor", "author")]
    assert mapped(staff.organization) == {"admin", "author"}
    assert len(entries(staff.organization, "role_mapping.deleted")) == 1
    assert last_entry(staff.organization).before == {"slug": "editor", "name": "Editor", "priority": 70}
    assert len(happened(staff.organization, "role.deleted")) == 1


def test_deleted_role_takes_its_grants_along_and_does_not_come_back_with_the_slug(world: World) -> None:
    staff = staffed(world)
    leave_grant(staff.organization, ADA, "author")

    with world.transactions.writing(OPERATOR) as unit:
        roles.to_delete(unit, staff.organization.id, id_of(staff.organization, "author")).apply()
    add(staff.organization, "author")

    ada = staff.organization.member(ADA)
    assert (ada.role, ada.granted_role, ada.granted_origin) == ("admin", None, None)
    assert staff.roles() == ("admin", "editor", "member")
    assert mapped(staff.organization) == {"admin", "editor"}


def test_person_with_a_deleted_grant_gets_the_default_role(world: World) -> None:
    scene = provisioned(world)
    add(scene.organization, "editor")
    scene.scim.add_user(GRACE)
    grace = scene.organization.member(GRACE).id
    with world.transactions.writing(OPERATOR) as unit:
        members.to_edit(unit, scene.organization.id, grace, role="editor").apply()

    with world.transactions.writing(OPERATOR) as unit:
        roles.to_delete(unit, scene.organization.id, id_of(scene.organization, "editor")).apply()

    member = scene.organization.member(GRACE)
    assert (member.role, member.role_source, member.granted_role) == ("member", "default", None)
    assert happened(scene.organization, "member.role_changed")[-1].subject == grace


def test_default_role_is_not_deleted_before_another_one_is_chosen(world: World) -> None:
    organization = found_organization(world)
    editor = add(organization, "editor")
    choose_default(organization, "editor")

    with world.transactions.writing(OPERATOR) as unit:
        refused = roles.to_delete(unit, organization.id, editor).apply()
    assert isinstance(refused, Refused)
    assert refused.code is Code.ROLE_IS_DEFAULT

    choose_default(organization, "member")
    with world.transactions.writing(OPERATOR) as unit:
        assert roles.to_delete(unit, organization.id, editor).apply() is None
    assert order(organization) == ["admin", "member"]


def test_another_default_role_touches_exactly_those_whom_nothing_else_decides(world: World) -> None:
    staff = staffed(world)
    staff.scene.scim.add_user("eve@acme.test")

    choose_default(staff.organization, "author")

    eve_id = staff.organization.member("eve@acme.test").id
    assert staff.changed() == [(eve_id, "member", "author")]
    (event,) = happened(staff.organization, "organization.default_role_changed")
    assert event.data == {"before": "member", "after": "author"}


# ----------------------------------------------------------------------------------------------------------- the guard


def test_whatever_is_done_to_roles_the_last_administrator_stays_one(world: World) -> None:
    staff = staffed(world)
    staff.scene.scim.add_member(staff.editors, staff.scene.ada)

    for operation in (move_down, move_up, delete):
        for slug in ("author", "editor", "member", "admin"):
            role_id = id_of(staff.organization, slug)
            with world.transactions.writing(OPERATOR) as unit:
                operation(unit, staff.organization.id, role_id)
            ada = staff.organization.member(ADA)
            assert (ada.role, ada.held) == ("admin", False)
    assert order(staff.organization) == ["admin", "member"]


def test_member_on_hold_cannot_lift_their_own_hold_by_deleting_a_role(world: World) -> None:
    """Her group gives her less than her own grant; without its role the grant would count again."""
    staff = staffed(world)
    leave_grant(staff.organization, ADA, "admin")
    staff.scene.scim.add_member(staff.editors, staff.scene.ada)
    staff.scene.scim.remove_member(staff.scene.admins, staff.scene.ada)
    assert staff.organization.member(ADA).held
    editor, before = id_of(staff.organization, "editor"), len(happened(staff.organization))

    with world.transactions.writing(staff.organization.acting_as(ADA)) as unit:
        refused = roles.to_delete(unit, staff.organization.id, editor).apply()

    assert isinstance(refused, Refused)
    assert refused.code is Code.OWN_HOLD
    entry = last_entry(staff.organization)
    assert (entry.outcome, entry.action, entry.subject) == ("refused", "role.deleted", editor)
    assert len(happened(staff.organization)) == before
    assert mapped(staff.organization) == {"admin", "editor", "author"}
    assert staff.organization.member(ADA).held


def test_operator_may_settle_a_hold_by_deleting_the_role_in_between(world: World) -> None:
    staff = staffed(world)
    leave_grant(staff.organization, ADA, "admin")
    staff.scene.scim.add_member(staff.editors, staff.scene.ada)
    staff.scene.scim.remove_member(staff.scene.admins, staff.scene.ada)

    with world.transactions.writing(OPERATOR) as unit:
        assert roles.to_delete(unit, staff.organization.id, id_of(staff.organization, "editor")).apply() is None

    ada = staff.organization.member(ADA)
    assert (ada.role, ada.role_source, ada.held) == ("admin", "granted", False)
    assert len(happened(staff.organization, "admin.released")) == 1


def test_role_of_another_organization_is_not_found(world: World) -> None:
    acme, other = found_organization(world), found_organization(world, "eve@other.test", "Other")
    editor = add(acme, "editor")

    operations: tuple[Callable[[UnitOfWork, str, str], object], ...] = (delete, roles.read, roles.to_edit, move_up)
    for operation in operations:
        with pytest.raises(NotFoundError), world.transactions.writing(OPERATOR) as unit:
            operation(unit, other.id, editor)
    assert order(acme) == ["admin", "editor", "member"]


# --------------------------------------------------------------------------------------------------------------- steps


def add(organization: Organization, slug: str, *, priority: int | None = None) -> str:
    with organization.world.transactions.writing(OPERATOR) as unit:
        role = roles.to_add(unit, organization.id, slug=slug, name=slug.title(), priority=priority).apply()
        assert not isinstance(role, Refused)
        return role.id


def delete(unit: UnitOfWork, organization_id: str, role_id: str) -> object:
    return roles.to_delete(unit, organization_id, role_id).apply()


def move_up(unit: UnitOfWork, organization_id: str, role_id: str) -> object:
    return roles.to_move(unit, organization_id, role_id, up=True).apply()


def move_down(unit: UnitOfWork, organization_id: str, role_id: str) -> object:
    return roles.to_move(unit, organization_id, role_id, up=False).apply()


def choose_default(organization: Organization, slug: str) -> None:
    with organization.world.transactions.writing(OPERATOR) as unit:
        outcome = organizations.to_edit(unit, organization.id, Edit(default_role=slug)).apply()
        assert not isinstance(outcome, Refused), outcome


def leave_grant(organization: Organization, email: str, slug: str) -> None:
    """A grant from before a group decided, which does not count meanwhile."""
    member_id = organization.member(email).id
    with organization.world.transactions.writing(OPERATOR) as unit:
        row = members.read(unit, organization.id, member_id)
        row.granted_role, row.granted_origin = slug, "member"


def order(organization: Organization) -> list[str]:
    """The slugs of all roles, highest first."""
    with organization.world.transactions.reading() as unit:
        return [role.slug for role in roles.all_of(unit, organization.id)]


def id_of(organization: Organization, slug: str) -> str:
    with organization.world.transactions.reading() as unit:
        return next(role.id for role in roles.all_of(unit, organization.id) if role.slug == slug)


def mapped(organization: Organization) -> set[str]:
    """The roles that some group gives."""
    with organization.world.transactions.reading() as unit:
        return {mapping.role for mapping in role_mappings.all_of(unit, organization.id)}


def happened(organization: Organization, type_: str | None = None) -> list[Event]:
    return [event for event in organization.events() if type_ in {None, event.type}]


def entries(organization: Organization, action: str | None = None) -> list[AuditRecord]:
    with organization.world.transactions.reading() as unit:
        found = audit.after(unit.session, organization.id, after_id="", limit=1000)
    return [entry for entry in found if action in {None, entry.action}]


def last_entry(organization: Organization, action: str | None = None) -> AuditRecord:
    return entries(organization, action)[-1]
