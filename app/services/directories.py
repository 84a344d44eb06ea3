"""Directories: created, activated, turned off, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from app.rules import prerequisites
from app.rules.actor import ActorKind
from app.rules.decisions import Decision, Refused
from app.rules.directories import DirectoryEndpoint
from app.rules.errors import NotFoundError
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.rules.members import MemberState
from app.rules.organizations import read_text
from app.rules.roles import ADMIN, GroupSource
from app.services import authority, effects, policy, recovery
from app.services.authority import Change, Grant
from app.services.policy import Policy
from app.services.unit_of_work import UnitOfWork
from app.store import directories, listings, members, organizations, roles
from app.store.directories import Directory
from app.store.mirror_tables import DirectoryGroup, DirectoryUser
from app.store.organizations import Organization

_KEY_LENGTH = 20


class DirectoryState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    INACTIVE = "inactive"


class Provider(StrEnum):
    """Whose dialect a directory is spoken to in."""

    OKTA = "okta"
    ENTRA = "entra"
    GOOGLE = "google"
    GENERIC = "generic"


def all_of(unit: UnitOfWork, organization_id: str) -> Sequence[Directory]:
    """The organization's directories, oldest first."""
    return directories.all_of(unit.session, organization_id)


def read(unit: UnitOfWork, organization_id: str, directory_id: str) -> Directory:
    """One directory. Raises NotFoundError."""
    directory = directories.one(unit.session, organization_id, directory_id)
    if directory is None:
        raise NotFoundError("There is no such directory.")
    return directory


def base_url(unit: UnitOfWork, directory: Directory) -> str:
    """What to paste into the identity provider."""
    return f"{unit.ports.base_url}/scim/{directory.key}/v2"


def users(
    unit: UnitOfWork, organization_id: str, directory_id: str, *, after: str, limit: int
) -> Sequence[DirectoryUser]:
    """Users of the mirror, in the order of their ids. Raises NotFoundError."""
    directory = read(unit, organization_id, directory_id)
    return listings.users_page(unit.session, directory.id, after=after, limit=limit)


def groups(
    unit: UnitOfWork, organization_id: str, directory_id: str, *, after: str, limit: int
) -> Sequence[DirectoryGroup]:
    """Groups of the mirror, in the order of their ids. Raises NotFoundError."""
    directory = read(unit, organization_id, directory_id)
    return listings.groups(unit.session, directory.id, after=after, limit=limit)


def create(unit: UnitOfWork, organization_id: str, *, name: str, provider: Provider) -> Directory | Refused:
    """A directory that stores what is pushed and has no effect until it is activated."""
    unit.lock(organization_id)
    decision = may_set_up(unit, organization_id)
    if isinstance(decision, Refused):
        return unit.refuse(organization_id, "directory.created", decision)
    directory = Directory(
        id=unit.id(Prefix.DIRECTORY),
        organization_id=organization_id,
        key=unit.ports.randomness.key(_KEY_LENGTH),
        name=read_text(name, field="name"),
        provider=provider,
        state=DirectoryState.DRAFT,
        created_at=unit.now,
    )
    unit.session.add(directory)
    what = {"name": directory.name, "provider": provider}
    unit.audit(organization_id, "directory.created", subject=directory.id, after=what)
    unit.event(organization_id, EventType.DIRECTORY_CREATED, subject=directory.id, **what)
    return directory


def edit(
    unit: UnitOfWork, organization_id: str, directory_id: str, *, name: str | None, provider: Provider | None
) -> Directory:
    """Rename, or speak another dialect."""
    unit.lock(organization_id)
    directory = read(unit, organization_id, directory_id)
    if name is not None:
        directory.name = read_text(name, field="name")
    if provider is not None:
        directory.provider = provider
    after = {"name": directory.name, "provider": directory.provider}
    unit.audit(organization_id, "directory.updated", subject=directory_id, after=after)
    unit.event(organization_id, EventType.DIRECTORY_UPDATED, subject=directory_id, **after)
    return directory


def endpoint_of(directory: Directory) -> DirectoryEndpoint:
    """The directory as a value that outlives its unit of work."""
    return DirectoryEndpoint(
        id=directory.id,
        organization_id=directory.organization_id,
        key=directory.key,
        name=directory.name,
        provider=directory.provider,
    )


def may_set_up(unit: UnitOfWork, organization_id: str) -> Decision:
    """Whether a directory may be created."""
    hosts = organizations.verified_hosts(unit.session, organization_id)
    return prerequisites.set_up_directory(verified_hosts=hosts)


def may_activate(unit: UnitOfWork, directory: Directory) -> Decision:
    """Whether this directory may decide who is a member."""
    active = directories.active(unit.session, directory.organization_id)
    return prerequisites.activate_directory(
        is_active=directory.state == DirectoryState.ACTIVE,
        another_active=active is not None and active.id != directory.id,
        set_up=may_set_up(unit, directory.organization_id),
        future_admins=future_admins(unit, directory),
        recovery=recovery.state(unit, directory.organization_id),
    )


def activate(unit: UnitOfWork, organization_id: str, directory_id: str) -> Directory | Refused:
    """From now on membership and roles follow the mirror, worked out at once for everybody in it."""
    organization = unit.lock(organization_id)
    directory = read(unit, organization_id, directory_id)
    decision = may_activate(unit, directory)
    if isinstance(decision, Refused):
        return unit.refuse(organization_id, EventType.DIRECTORY_ACTIVATED, decision, subject=directory_id)
    before = policy.current(unit.session, organization)
    after = before.with_directory(directory.id)
    everybody = listings.living_users(unit.session, directory.id)
    linked = effects.link_members(unit, endpoint_of(directory), everybody, after)
    sign_in_members = frozenset(members.with_sign_in_groups(unit.session, organization_id))
    change = Change(policy=after, touched=frozenset(linked) | sign_in_members)
    return _switch(unit, directory, before, change, DirectoryState.ACTIVE)


def may_deactivate(unit: UnitOfWork, directory: Directory) -> Decision:
    """Whether this directory may be turned off."""
    return prerequisites.deactivate_directory(
        is_active=directory.state == DirectoryState.ACTIVE,
        anybody_held=_anybody_held(unit, directory.organization_id),
        may_lift_holds=_may_lift_holds(unit),
    )


def deactivate(unit: UnitOfWork, organization_id: str, directory_id: str) -> Directory | Refused:
    """Turn it off: everybody stays as they are, with their present role as a granted one."""
    organization = unit.lock(organization_id)
    directory = read(unit, organization_id, directory_id)
    decision = may_deactivate(unit, directory)
    if isinstance(decision, Refused):
        return unit.refuse(organization_id, EventType.DIRECTORY_DEACTIVATED, decision, subject=directory_id)
    before = policy.current(unit.session, organization)
    change = _freeze(unit, organization, before, directory)
    return _switch(unit, directory, before, change, DirectoryState.INACTIVE)


def may_delete(unit: UnitOfWork, organization_id: str) -> Decision:
    """Whether a directory may be deleted."""
    return prerequisites.delete_directory(
        anybody_held=_anybody_held(unit, organization_id), may_lift_holds=_may_lift_holds(unit)
    )


def delete(unit: UnitOfWork, organization_id: str, directory_id: str) -> Refused | None:
    """Delete it: as turning it off, and its endpoint answers 404."""
    organization = unit.lock(organization_id)
    directory = read(unit, organization_id, directory_id)
    decision = may_delete(unit, organization_id)
    if isinstance(decision, Refused):
        return unit.refuse(organization_id, EventType.DIRECTORY_DELETED, decision, subject=directory_id)
    if directory.state == DirectoryState.ACTIVE:
        before = policy.current(unit.session, organization)
        change = _freeze(unit, organization, before, directory)
        switched = _switch(unit, directory, before, change, DirectoryState.INACTIVE)
        if isinstance(switched, Refused):
            return switched
    directory.deleted_at, directory.state = unit.now, DirectoryState.INACTIVE
    unit.audit(organization_id, EventType.DIRECTORY_DELETED, subject=directory_id)
    unit.event(organization_id, EventType.DIRECTORY_DELETED, subject=directory_id)
    return None


def _switch(
    unit: UnitOfWork, directory: Directory, before: Policy, change: Change, state: DirectoryState
) -> Directory | Refused:
    organization_id = directory.organization_id
    on = state is DirectoryState.ACTIVE
    action = EventType.DIRECTORY_ACTIVATED if on else EventType.DIRECTORY_DEACTIVATED
    # Turning the directory off during a hold is what a recovery session is for.
    proposal = authority.propose(
        unit, organization_id, policy=before, change=change, by_person=True, may_lift_own_hold=not on
    )
    if proposal.refused is not None:
        return unit.refuse(organization_id, action, proposal.refused, subject=directory.id)
    directory.state = state
    authority.carry_out(unit, organization_id, proposal)
    unit.audit(organization_id, action, subject=directory.id, proof=proposal.proof)
    unit.event(organization_id, action, subject=directory.id)
    return directory


def _freeze(unit: UnitOfWork, organization: Organization, before: Policy, directory: Directory) -> Change:
    """What turning a directory off means: every active member keeps the role that counts now, as a grant."""
    listed = listings.members_listed(unit.session, directory.id)
    granted = {
        member.id: Grant(member.role, "directory")
        for member in members.some(unit.session, organization.id, listed)
        if member.state == MemberState.ACTIVE
    }
    others = frozenset(members.with_sign_in_groups(unit.session, organization.id))
    return Change(policy=before.with_directory(None), granted=granted, touched=listed | others)


def future_admins(unit: UnitOfWork, directory: Directory) -> int:
    """How many of its active users at verified domains are in a group mapped to admin."""
    to_admin = [
        mapping.group_ref
        for mapping in roles.mappings(unit.session, directory.organization_id)
        if mapping.source == GroupSource.DIRECTORY and mapping.role == ADMIN
    ]
    hosts = organizations.verified_hosts(unit.session, directory.organization_id)
    return listings.active_users_in_groups(unit.session, directory.id, to_admin, hosts=hosts)


def _anybody_held(unit: UnitOfWork, organization_id: str) -> bool:
    return any(admin.held for admin in members.administrators(unit.session, organization_id))


def _may_lift_holds(unit: UnitOfWork) -> bool:
    """An operator may, and a recovery session, which only that member has."""
    return unit.actor.kind in {ActorKind.OPERATOR, ActorKind.RECOVERY}
