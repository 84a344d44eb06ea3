"""Who is in which group of the mirror: looked up for answers, and changed by difference without loading the group."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection

from app.rules.directories import MembershipChange, MembershipOutcome, Mirrored, ResourceKind
from app.services.pushes import Push
from app.store import memberships as rows


def with_references(
    connection: Connection, found: Sequence[Mirrored], kinds: Collection[ResourceKind] = frozenset(ResourceKind)
) -> tuple[Mirrored, ...]:
    """The same resources, those of `kinds` with their groups or members where these were not read along with them."""
    wanted = [resource for resource in found if resource.kind in kinds and resource.references is None]
    if not wanted:
        return tuple(found)
    users = [resource.id for resource in wanted if resource.kind is ResourceKind.USER]
    groups = [resource.id for resource in wanted if resource.kind is ResourceKind.GROUP]
    references = rows.groups_of(connection, users) | rows.members_of(connection, groups)
    return tuple(
        replace(resource, references=references.get(resource.id, ()))
        if resource.kind in kinds and resource.references is None
        else resource
        for resource in found
    )


def with_members(connection: Connection, group: Mirrored, *, at_most: int) -> Mirrored | None:
    """The group with its members, or None when it has more of them."""
    members = rows.members_if_few(connection, group.id, at_most=at_most)
    return None if members is None else replace(group, references=members)


def are_more_than(connection: Connection, group_ids: Sequence[str], limit: int) -> bool:
    """Whether these groups have more members than `limit`, together."""
    return rows.are_more_than(connection, group_ids, limit)


def stream_members(connection: Connection, group_id: str) -> Iterator[Sequence[str]]:
    """Ids of the members of a group in runs, by id, of one moment: a group of any size costs the memory of a run."""
    return rows.stream_members(connection, group_id)


def change_members(push: Push, group_id: str, change: MembershipChange) -> MembershipOutcome:
    """Apply a change to one group of the push's directory. The cost follows the ids it names.

    Ids of no living user of this directory (groups among them: nesting is not mirrored) are left out and reported,
    because refusing them would lose the whole push of clients that do not retry a 400.
    """
    if change.is_empty:
        return MembershipOutcome()
    connection = push.unit.connection
    wanted = rows.known_users(connection, push.directory.id, change.added)
    if change.keeps_others:
        removed = rows.remove(connection, group_id, change.removed)
    elif wanted:
        removed = rows.remove(connection, group_id, rows.member_ids(connection, group_id) - wanted)
    else:
        removed = rows.empty(connection, group_id)
    added = rows.add(connection, group_id, wanted)
    push.touched |= added | removed
    push.unknown_members |= change.added - wanted
    push.members = MembershipOutcome(added=added, removed=removed)
    return push.members
