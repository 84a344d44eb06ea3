"""Directories: created, activated, turned off, deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial

from app.rules import prerequisites
from app.rules.actor import ActorKind
from app.rules.decisions import Allowed, Decision
from app.rules.errors import NotFoundError
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.rules.members import MemberState
from app.rules.organizations import read_text
from app.rules.plans import Aside
from app.rules.roles import ADMIN, GroupSource
from app.rules.setup_links import may_add
from app.services import authority, effects, linking, policy, recovery
from app.services.authority import Change, Grant, Proposal
from app.services.linking import Linking
from app.services.plans import Planned, Proof
from app.services.policy import Policy
from app.services.unit_of_work import UnitOfWork
from app.store import directories, listings, members, organizations, people, roles
from app.store.directories import Directory
from app.store.mirror_tables import DirectoryGroup, DirectoryUser
from app.store.organizations import Organization
from app.store.people import MemberFacts

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


def to_create(unit: UnitOfWork, organization_id: str, *, name: str, provider: Provider) -> Planned[Directory]:
    """A directory that stores what is pushed and has no effect until it is activated."""
    unit.lock(organization_id)
    directory = Directory(
        id=unit.id(Prefix.DIRECTORY),
        organization_id=organization_id,
        key=unit.ports.randomness.key(_KEY_LENGTH),
        name=read_text(name, field="name"),
        provider=provider,
        state=DirectoryState.DRAFT,
        created_at=unit.now,
    )

    def write(_proof: Proof) -> Directory:
        unit.session.add(directory)
        what = {"name": directory.name, "provider": provider}
        unit.audit(organization_id, "directory.created", subject=directory.id, after=what)
        unit.event(organization_id, EventType.DIRECTORY_CREATED, subject=directory.id, **what)
        return directory

    judged = may_set_up(unit, organization_id)
    return Planned(unit, organization_id, "directory.created", write, judged=judged, about=directory.name)


def to_edit(
    unit: UnitOfWork, organization_id: str, directory_id: str, *, name: str | None, provider: Provider | None
) -> Planned[Directory]:
    """Rename, or speak another dialect."""
    unit.lock(organization_id)
    directory = read(unit, organization_id, directory_id)
    name = directory.name if name is None else read_text(name, field="name")

    def write(_proof: Proof) -> Directory:
        directory.name, directory.provider = name, provider or directory.provider
        after = {"name": directory.name, "provider": directory.provider}
        unit.audit(organization_id, "directory.updated", subject=directory_id, after=after)
        unit.event(organization_id, EventType.DIRECTORY_UPDATED, subject=directory_id, **after)
        return directory

    return Planned(unit, organization_id, "directory.updated", write, subject=directory_id)


def may_set_up(unit: UnitOfWork, organization_id: str) -> Decision:
    """Whether a directory may be created."""
    judged = may_add(unit.actor, there=len(directories.all_of(unit.session, organization_id)))
    if not isinstance(judged, Allowed):
        return judged
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


def to_activate(unit: UnitOfWork, organization_id: str, directory_id: str) -> Planned[Directory]:
    """From now on membership and roles follow the mirror, worked out at once for everybody in it."""
    organization = unit.lock(organization_id)
    directory = read(unit, organization_id, directory_id)
    before = policy.current(unit.session, organization)
    after = before.with_directory(directory.id)
    everybody = listings.living_users(unit.session, directory.id)
    links = effects.plan_links(unit, effects.endpoint_of(directory), everybody, after)
    # Also those whose user was deleted while nothing followed from it.
    listed = listings.members_listed(unit.session, directory.id)

    def propose() -> Proposal:
        concerned = links.concerned
        others = {*members.with_sign_in_groups(unit.session, organization_id), *listed} - concerned.keys()
        known = people.present(unit.connection, organization_id, others) | concerned
        change = links.change(after, others=frozenset(others))
        return authority.propose(unit, organization_id, policy=before, change=change, by_person=True, known=known)

    def write(proof: Proof) -> Directory:
        return _switched(unit, directory, DirectoryState.ACTIVE, proof)

    return Planned(
        unit,
        organization_id,
        EventType.DIRECTORY_ACTIVATED,
        write,
        propose=propose,
        prepare=links.write_all,
        judged=may_activate(unit, directory),
        subject=directory_id,
        shown_first=True,
        leaves_out=partial(_left_out, unit, organization_id, links, listed),
    )


def _left_out(unit: UnitOfWork, organization_id: str, links: Linking, listed: Collection[str]) -> Iterator[Aside]:
    """Members the directory does not list stay as they are; users who cannot be members stay in the mirror."""
    in_it = links.concerned.keys() | set(listed)
    for member_id, member in people.everybody(unit.connection, organization_id).items():
        if member_id not in in_it:
            yield Aside(member.email, linking.NOT_IN_DIRECTORY)
    for user in links.users:
        if user.member_id is None and user.reason is not None:
            yield Aside(user.email or user.name or str(user.external_id or user.id), user.reason)


def may_deactivate(unit: UnitOfWork, directory: Directory) -> Decision:
    """Whether this directory may be turned off."""
    return prerequisites.deactivate_directory(
        is_active=directory.state == DirectoryState.ACTIVE,
        anybody_held=_anybody_held(unit, directory.organization_id),
        may_lift_holds=_may_lift_holds(unit),
    )


def to_deactivate(unit: UnitOfWork, organization_id: str, directory_id: str) -> Planned[Directory]:
    """Turn it off: everybody stays as they are, with their present role as a granted one."""
    organization = unit.lock(organization_id)
    directory = read(unit, organization_id, directory_id)
    return Planned(
        unit,
        organization_id,
        EventType.DIRECTORY_DEACTIVATED,
        lambda proof: _switched(unit, directory, DirectoryState.INACTIVE, proof),
        propose=partial(_propose_without, unit, organization, directory),
        judged=may_deactivate(unit, directory),
        subject=directory_id,
    )


def may_delete(unit: UnitOfWork, organization_id: str) -> Decision:
    """Whether a directory may be deleted."""
    return prerequisites.delete_directory(
        anybody_held=_anybody_held(unit, organization_id), may_lift_holds=_may_lift_holds(unit)
    )


def to_delete(unit: UnitOfWork, organization_id: str, directory_id: str) -> Planned[None]:
    """Delete it: as turning it off, and its endpoint answers 404."""
    organization = unit.lock(organization_id)
    directory = read(unit, organization_id, directory_id)
    is_active = directory.state == DirectoryState.ACTIVE

    def write(proof: Proof) -> None:
        if is_active:
            _switched(unit, directory, DirectoryState.INACTIVE, proof)
        directory.deleted_at, directory.state = unit.now, DirectoryState.INACTIVE
        unit.audit(organization_id, EventType.DIRECTORY_DELETED, subject=directory_id, proof=proof)
        unit.event(organization_id, EventType.DIRECTORY_DELETED, subject=directory_id)

    return Planned(
        unit,
        organization_id,
        EventType.DIRECTORY_DELETED,
        write,
        propose=partial(_propose_without, unit, organization, directory) if is_active else None,
        judged=may_delete(unit, organization_id),
        subject=directory_id,
    )


def _propose_without(unit: UnitOfWork, organization: Organization, directory: Directory) -> Proposal:
    """Turning the directory off during a hold is what a recovery session is for."""
    before = policy.current(unit.session, organization)
    listed = listings.members_listed(unit.session, directory.id)
    others = members.with_sign_in_groups(unit.session, organization.id)
    known = people.present(unit.connection, organization.id, listed.union(others))
    change = _freeze(before, known, listed)
    return authority.propose(
        unit, organization.id, policy=before, change=change, by_person=True, may_lift_own_hold=True, known=known
    )


def _switched(unit: UnitOfWork, directory: Directory, state: DirectoryState, proof: Proof) -> Directory:
    on = state is DirectoryState.ACTIVE
    action = EventType.DIRECTORY_ACTIVATED if on else EventType.DIRECTORY_DEACTIVATED
    directory.state = state
    unit.audit(directory.organization_id, action, subject=directory.id, proof=proof)
    unit.event(directory.organization_id, action, subject=directory.id)
    return directory


def _freeze(before: Policy, known: Mapping[str, MemberFacts], listed: Collection[str]) -> Change:
    """What turning a directory off means: every active member keeps the role that counts now, as a grant."""
    granted = {
        member_id: Grant(member.role, "directory")
        for member_id, member in known.items()
        if member_id in listed and member.state == MemberState.ACTIVE
    }
    return Change(policy=before.with_directory(None), granted=granted, touched=frozenset(known))


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
