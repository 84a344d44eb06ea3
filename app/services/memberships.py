"""Who is in which group of the mirror: looked up for answers, and changed by difference without loading the group."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace

from app.rules.directories import MembershipChange, MembershipOutcome, Mirrored, ResourceKind
from app.services.pushes import Push
from app.services.unit_of_work import UnitOfWork
from app.store import memberships as rows

log = logging.getLogger("doorward.scim")


def with_references(
    unit: UnitOfWork, found: Sequence[Mirrored], kinds: Collection[ResourceKind] = frozenset(ResourceKind)
) -> tuple[Mirrored, ...]:
    """The same resources, those of `kinds` with their groups or members: one query per kind and chunk."""
    wanted = [resource for resource in found if resource.kind in kinds]
    users = [resource.id for resource in wanted if resource.kind is ResourceKind.USER]
    groups = [resource.id for resource in wanted if resource.kind is ResourceKind.GROUP]
    references = rows.groups_of(unit.session, users) | rows.members_of(unit.session, groups)
    return tuple(
        replace(resource, references=references.get(resource.id, ())) if resource.kind in kinds else resource
        for resource in found
    )


def is_larger_than(unit: UnitOfWork, group_id: str, limit: int) -> bool:
    """Whether a group has more members than `limit`."""
    return rows.has_more_members_than(unit.session, group_id, limit)


def change_members(push: Push, group_id: str, change: MembershipChange) -> MembershipOutcome:
    """Apply a change to one group of the push's directory. The cost follows the ids it names.

    Ids of no living user of this directory (groups among them: nesting is not mirrored) are left out and reported,
    because refusing them would lose the whole push of clients that do not retry a 400.
    """
    if change.is_empty:
        return MembershipOutcome()
    session = push.unit.session
    wanted = rows.known_users(session, push.directory.id, change.added)
    unknown = change.added - wanted
    if change.keeps_others:
        removed = rows.remove(session, group_id, change.removed)
    elif wanted:
        removed = rows.remove(session, group_id, rows.member_ids(session, group_id) - wanted)
    else:
        removed = rows.empty(session, group_id)
    added = rows.add(session, group_id, wanted)
    push.touched |= added | removed
    push.unknown_members |= unknown
    if unknown:
        log.info("%d unknown member ids left out of group %s", len(unknown), group_id)
    return MembershipOutcome(added=added, removed=removed, unknown=unknown)
