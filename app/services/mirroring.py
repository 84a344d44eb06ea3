"""What a push does to the mirror: create, replace, delete; only what differs is written."""

from __future__ import annotations

from dataclasses import replace

from app.rules.directories import (
    DirectoryGroupRecord,
    DirectoryUserRecord,
    Link,
    MembershipChange,
    Mirrored,
    PushedUser,
    ResourceKind,
    matters_to_membership,
)
from app.rules.errors import ConflictError, NotFoundError
from app.services import memberships
from app.services.pushes import TAKEN, Push
from app.store import memberships as membership_rows
from app.store import pushes as rows
from app.store.listings import ListedUser


def create_user(push: Push, user_id: str, record: DirectoryUserRecord) -> Mirrored:
    """Add a user under a fresh id. When the push ends, it raises ConflictError for a userName or externalId that a
    living user has.
    """
    push.new[user_id] = record
    push.touched.add(user_id)
    push.known[user_id] = _listed(user_id, record, Link())
    push.users += 1
    return _new(ResourceKind.USER, user_id, record.document, push)


def _listed(user_id: str, record: DirectoryUserRecord, link: Link) -> ListedUser:
    return ListedUser(
        id=user_id,
        external_id=record.external_id,
        active=record.active,
        email=record.email,
        name=record.name,
        deleted_at=None,
        member_id=link.member_id,
        reason=link.reason,
    )


def replace_user(push: Push, user: PushedUser, after: DirectoryUserRecord) -> Mirrored:
    """Write a user's new state; a state equal to the present one changes nothing, the version included."""
    current, before = user.answered, user.record
    if after == before:
        return current
    connection = push.unit.connection
    if (after.user_name_key, after.external_id) != (before.user_name_key, before.external_id):
        conflict = push.user_conflict(after, other_than=current.id)
        if conflict is not None:
            raise conflict
    rows.update_user(connection, push.directory.id, current.id, before=before, after=after, now=push.unit.now)
    if matters_to_membership(before, after):
        push.touched.add(current.id)
        push.known[current.id] = _listed(current.id, after, user.link)
    return _next(current, after.document, push)


def user(push: Push, user_id: str) -> PushedUser:
    """A living user. Raises NotFoundError."""
    found = rows.user(push.unit.connection, push.directory.id, user_id)
    if found is None:
        raise NotFoundError(f"This directory has no User with the id {user_id}.")
    return found


def group(push: Push, group_id: str) -> tuple[Mirrored, DirectoryGroupRecord]:
    """A group as answered and as last pushed, without its members. Raises NotFoundError."""
    found = rows.group(push.unit.connection, push.directory.id, group_id)
    if found is None:
        raise NotFoundError(f"This directory has no Group with the id {group_id}.")
    return found


def create_group(push: Push, group_id: str, record: DirectoryGroupRecord, change: MembershipChange) -> Mirrored:
    """Add a group with its first members. Raises ConflictError for a displayName that a living group has."""
    if not rows.insert_group(push.unit.connection, push.directory.id, group_id, record, push.unit.now):
        raise _group_conflict(push, record, other_than="") or ConflictError(TAKEN)
    push.groups += 1
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
    connection = push.unit.connection
    if after.display_key != before.display_key:
        conflict = _group_conflict(push, after, other_than=current.id)
        if conflict is not None:
            raise conflict
    outcome = memberships.change_members(push, current.id, change)
    if after == before and not outcome.changed:
        return current
    rows.update_group(connection, push.directory.id, current.id, after, now=push.unit.now)
    return _next(current, after.document, push)


def delete(push: Push, current: Mirrored) -> None:
    """Delete a resource: it is gone from every answer, its names are free, its row stays as a tombstone.

    A deleted user leaves every group; the members of a deleted group lose what it gave them.
    """
    connection = push.unit.connection
    if current.kind is ResourceKind.USER:
        groups = membership_rows.leave_all(connection, current.id)
        membership_rows.touch_groups(connection, groups, now=push.unit.now)
        push.touched.add(current.id)
        push.users -= 1
    else:
        push.touched |= membership_rows.empty(connection, current.id)
        push.groups -= 1
    rows.bury(connection, push.directory.id, current.kind, current.id, now=push.unit.now)


def _group_conflict(push: Push, record: DirectoryGroupRecord, *, other_than: str) -> ConflictError | None:
    """What is answered when another living group has the displayName of this record."""
    holder = rows.group_named(
        push.unit.connection, push.directory.id, display_key=record.display_key, other_than=other_than
    )
    if holder is None:
        return None
    return ConflictError(
        f"Another group of this directory (id {holder}) already has this displayName. Rename one of the two groups"
        " in the identity provider, or link this one to the existing group.",
        field="displayName",
    )


def _new(kind: ResourceKind, resource_id: str, document: str, push: Push) -> Mirrored:
    now = push.unit.now
    return Mirrored(kind=kind, id=resource_id, document=document, version=1, created_at=now, modified_at=now)


def _next(current: Mirrored, document: str, push: Push) -> Mirrored:
    return replace(current, document=document, version=current.version + 1, modified_at=push.unit.now)
