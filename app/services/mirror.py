"""What SCIM does to the mirror: find, search, create, replace, delete; a push and its effects in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from app.rules.directories import (
    DirectoryEndpoint,
    DirectoryGroupRecord,
    DirectoryUserRecord,
    MembershipChange,
    Mirrored,
    MirrorPage,
    ResourceKind,
    changed_fields,
)
from app.rules.errors import ConflictError, NotFoundError
from app.services import memberships
from app.services.pushes import Push
from app.services.unit_of_work import UnitOfWork
from app.store import memberships as membership_rows
from app.store import mirror as rows
from app.store.directories import Directory, Selection

__all__ = [
    "Selection",  # the store's, for signatures in scim/, which may not import the store
    "create_group",
    "create_user",
    "delete",
    "endpoint_exists",
    "endpoint_of",
    "find",
    "group_record",
    "replace_group",
    "replace_user",
    "search",
    "user_record",
]


def endpoint_exists(unit: UnitOfWork, key: str) -> bool:
    """Whether a directory answers under this key; what may be known without a token."""
    return key.isalnum() and rows.endpoint_exists(unit.session, key)


def endpoint_of(directory: Directory) -> DirectoryEndpoint:
    """The directory as a value that outlives its unit of work."""
    return DirectoryEndpoint(
        id=directory.id,
        organization_id=directory.organization_id,
        key=directory.key,
        name=directory.name,
        provider=directory.provider,
    )


def find(
    unit: UnitOfWork, directory_id: str, kind: ResourceKind, resource_id: str, *, with_references: bool = True
) -> Mirrored:
    """One resource, with its groups or members unless they are not wanted. Raises NotFoundError."""
    found = rows.find(unit.session, directory_id, kind, resource_id)
    if found is None:
        raise NotFoundError(f"This directory has no {kind.value} with the id {resource_id}.")
    return memberships.with_references(unit, [found])[0] if with_references else found


def search(
    unit: UnitOfWork,
    directory_id: str,
    selections: Sequence[Selection],
    *,
    offset: int = 0,
    limit: int | None = None,
    descending: bool = False,
    references_of: Collection[ResourceKind] = frozenset(ResourceKind),
) -> MirrorPage:
    """One page of what the selections hold, as a single collection. Counts only when the page itself does not tell.

    Groups and members are looked up for the kinds in `references_of`.
    """
    found: tuple[Mirrored, ...] = ()
    if limit != 0:
        found = rows.page(unit.session, directory_id, selections, offset=offset, limit=limit, descending=descending)
    is_last_page = bool(found or (offset == 0 and limit != 0)) and (limit is None or len(found) < limit)
    total = offset + len(found) if is_last_page else rows.count(unit.session, directory_id, selections)
    return MirrorPage(total=total, resources=memberships.with_references(unit, found, references_of))


def create_user(push: Push, user_id: str, record: DirectoryUserRecord) -> Mirrored:
    """Add a user under a fresh id. Raises ConflictError for a userName or externalId that a living user has."""
    _check_user_is_alone(push, record, other_than=None)
    rows.insert_user(push.unit.session, push.directory.id, user_id, record, push.unit.now)
    push.touched.add(user_id)
    return _new(ResourceKind.USER, user_id, record.document, push)


def replace_user(push: Push, current: Mirrored, after: DirectoryUserRecord, before: DirectoryUserRecord) -> Mirrored:
    """Write a user's new state; a state equal to the present one changes nothing, the version included."""
    if after == before:
        return current
    if (after.user_name_key, after.external_id) != (before.user_name_key, before.external_id):
        _check_user_is_alone(push, after, other_than=current.id)
    rows.update_user(push.unit.session, push.directory.id, current.id, before=before, after=after, now=push.unit.now)
    if changed_fields(before, after):
        push.touched.add(current.id)
    return _next(current, after.document, push)


def user_record(unit: UnitOfWork, directory_id: str, user_id: str) -> DirectoryUserRecord:
    """A user as last pushed. Raises NotFoundError."""
    record = rows.user_record(unit.session, directory_id, user_id)
    if record is None:
        raise NotFoundError(f"This directory has no User with the id {user_id}.")
    return record


def group_record(unit: UnitOfWork, directory_id: str, group_id: str) -> DirectoryGroupRecord:
    """A group as last pushed, without its members. Raises NotFoundError."""
    record = rows.group_record(unit.session, directory_id, group_id)
    if record is None:
        raise NotFoundError(f"This directory has no Group with the id {group_id}.")
    return record


def create_group(push: Push, group_id: str, record: DirectoryGroupRecord, change: MembershipChange) -> Mirrored:
    """Add a group with its first members. Raises ConflictError for a displayName that a living group has."""
    _check_group_is_alone(push, record, other_than=None)
    rows.insert_group(push.unit.session, push.directory.id, group_id, record, push.unit.now)
    memberships.change_members(push, group_id, change)
    return _new(ResourceKind.GROUP, group_id, record.document, push)


def replace_group(
    push: Push,
    current: Mirrored,
    after: DirectoryGroupRecord,
    before: DirectoryGroupRecord,
    change: MembershipChange,
) -> Mirrored:
    """Write a group's new attributes and change its members by difference; nothing changed leaves the version alone."""
    if after.display_key != before.display_key:
        _check_group_is_alone(push, after, other_than=current.id)
    outcome = memberships.change_members(push, current.id, change)
    if after == before and not outcome.changed:
        return current
    rows.update_group(push.unit.session, push.directory.id, current.id, after, now=push.unit.now)
    return _next(current, after.document, push)


def delete(push: Push, current: Mirrored) -> None:
    """Delete a resource: it is gone from every answer, its names are free, its row stays as a tombstone.

    A deleted user leaves every group; the members of a deleted group lose what it gave them.
    """
    session = push.unit.session
    if current.kind is ResourceKind.USER:
        groups = membership_rows.leave_all(session, current.id)
        membership_rows.touch_groups(session, groups, now=push.unit.now)
        push.touched.add(current.id)
    else:
        push.touched |= membership_rows.empty(session, current.id)
    rows.bury(session, push.directory.id, current.kind, current.id, now=push.unit.now)


def _check_user_is_alone(push: Push, record: DirectoryUserRecord, *, other_than: str | None) -> None:
    holder = rows.user_holding(
        push.unit.session,
        push.directory.id,
        user_name_key=record.user_name_key,
        external_id=record.external_id,
        other_than=other_than,
    )
    if holder is None:
        return
    attribute = "userName" if holder.user_name_key == record.user_name_key else "externalId"
    raise ConflictError(
        f"Another user of this directory (id {holder.id}) already has this {attribute}. Find it with a filter on"
        f" {attribute} and update it, or give this user another {attribute} in the attribute mapping.",
        field=attribute,
    )


def _check_group_is_alone(push: Push, record: DirectoryGroupRecord, *, other_than: str | None) -> None:
    holder = rows.group_named(
        push.unit.session, push.directory.id, display_key=record.display_key, other_than=other_than
    )
    if holder is not None:
        raise ConflictError(
            f"Another group of this directory (id {holder}) already has this displayName. Rename one of the two groups"
            " in the identity provider, or link this one to the existing group.",
            field="displayName",
        )


def _new(kind: ResourceKind, resource_id: str, document: str, push: Push) -> Mirrored:
    now = push.unit.now
    return Mirrored(kind=kind, id=resource_id, document=document, version=1, created_at=now, modified_at=now)


def _next(current: Mirrored, document: str, push: Push) -> Mirrored:
    return replace(current, document=document, version=current.version + 1, modified_at=push.unit.now)
