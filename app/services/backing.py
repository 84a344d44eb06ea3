"""Whether whoever stands behind something that outlives their session could still make it: an administrator, a key."""

from __future__ import annotations

from app.rules.actor import ActorKind
from app.rules.directories import TokenStanding
from app.rules.members import MemberState
from app.rules.roles import ADMIN
from app.services import bearer_tokens
from app.services.unit_of_work import UnitOfWork
from app.store import members, organization_keys

_VOID = frozenset({TokenStanding.EXPIRED, TokenStanding.REVOKED})


def is_backed(unit: UnitOfWork, organization_id: str, *, kind: str, id_: str | None) -> bool:
    """Whether a member of this id is an administrator, a key works, or an operator made it."""
    match kind:
        case ActorKind.MEMBER:
            return is_administrator(unit, organization_id, id_ or "")
        case ActorKind.API_KEY:
            return _key_works(unit, organization_id, id_ or "")
        case _:
            return kind == ActorKind.OPERATOR


def is_administrator(unit: UnitOfWork, organization_id: str, member_id: str) -> bool:
    """Whether this member is an administrator who is not on hold, and neither deactivated nor suspended."""
    member = members.present(unit.session, organization_id, member_id)
    if member is None or member.state != MemberState.ACTIVE or member.suspended:
        return False
    return member.role == ADMIN and not member.held


def _key_works(unit: UnitOfWork, organization_id: str, key_id: str) -> bool:
    """Not while somebody is on hold either, in whose hands the key may be."""
    key = organization_keys.one(unit.session, organization_id, key_id)
    if key is None or bearer_tokens.standing(unit, key) in _VOID:
        return False
    return not any(admin.held for admin in members.administrators(unit.session, organization_id))
