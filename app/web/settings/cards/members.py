"""Why a member stands as they do, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.rules.identity import GroupsState
from app.rules.roles import ADMIN, GroupSource
from app.services.explanation import Explanation, GroupsSeen
from app.web.moments import moment_or_none
from app.web.presentation.members import MappedRow, MemberPage
from app.web.wording import role_reason, way_in_sentence

_ORIGINS = {
    "member": "by an administrator",
    "operator": "by the operator of this server",
    "recovery": "in a recovery session",
    "start": "with the organization",
    "directory": "kept from a directory that was turned off",
}
#: What keeps anybody from signing in; the other reasons only keep an administrator from counting.
_SHUT_OUT = frozenset({"not_active", "suspended", "guests_refused"})
_NOT_YET = {
    "never_signed_in": "Has not signed in yet",
    "not_proven": "Has not signed in through the identity provider yet",
}


def explained(found: Explanation, roles: Mapping[str, str], *, default_role: str, now: datetime) -> MemberPage:
    """The page of one member; `roles` are the names by slug."""
    member = found.member
    is_admin = member.role == ADMIN
    not_yet = next((_NOT_YET[missing.code] for missing in found.missing if missing.code in _NOT_YET), "")
    return MemberPage(
        id=member.id,
        name=member.name or member.email,
        email=member.email,
        state=member.state,
        role=found.reason.role_name,
        why=role_reason(found.reason),
        way_in=not_yet or way_in_sentence(found.way_in, found.then),
        groups_from=_groups_from(found.seen, found.reason.managed_by),
        groups=tuple(group.label for group in found.seen.groups),
        mappings=tuple(MappedRow(row.group, roles.get(row.role, row.role), row.decides) for row in found.applying),
        granted=_granted(member.granted_role, member.granted_origin, roles),
        default_role=roles.get(default_role, default_role),
        missing=tuple(missing.sentence for missing in found.missing if is_admin or missing.code in _SHUT_OUT),
        is_admin=is_admin,
        suspended=member.suspended,
        held=member.held,
        managed_by=found.reason.managed_by,
        groups_at=moment_or_none(found.seen.at, now=now),
    )


def _groups_from(seen: GroupsSeen, managed_by: str) -> str:
    if seen.source is GroupSource.DIRECTORY:
        if not managed_by:
            return "The directory decides about groups, and they are not in it."
        return f"Groups pushed by {managed_by}"
    if seen.state is GroupsState.UNKNOWN:
        return "No sign-in has said anything about their groups."
    return "Groups sent with their last sign-in"


def _granted(role: str | None, origin: str | None, roles: Mapping[str, str]) -> str:
    if role is None:
        return ""
    return f"{roles.get(role, role)}, {_ORIGINS.get(origin or '', 'by hand')}"
