"""The tokens of a directory: made, shown once, revoked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.rules.decisions import Decision, Refused
from app.rules.errors import NotFoundError
from app.rules.events import EventType
from app.rules.holds import refusal_for
from app.rules.ids import Prefix
from app.rules.setup_links import may_make_token
from app.services import bearer_tokens, directories, recent_authentication
from app.services.bearer_tokens import Issued
from app.services.directories import DirectoryState
from app.services.unit_of_work import UnitOfWork
from app.store import directories as rows
from app.store.directories import Directory, DirectoryToken

TOKEN_PREFIX = "scim_"  # noqa: S105 (makes leaked tokens recognisable; not one itself)


def add(
    unit: UnitOfWork, organization_id: str, directory_id: str, *, label: str = "", expires_at: datetime | None = None
) -> Issued[DirectoryToken] | Refused:
    """A bearer token; several may live at a time. Raises InvalidInputError.

    Refused to whoever is on hold or in a recovery session, whatever the state of the directory: with a token they could
    push themselves back in as soon as it is active. An organization key may be theirs, so it makes none while anybody
    is on hold. What a setup link may make one of is said by its rule.
    """
    unit.lock(organization_id)
    directory = directories.read(unit, organization_id, directory_id)
    decision = may_add(unit, directory)
    if isinstance(decision, Refused):
        return unit.refuse(organization_id, EventType.DIRECTORY_TOKEN_CREATED, decision, subject=directory_id)
    row = DirectoryToken(id=unit.id(Prefix.TOKEN), directory_id=directory.id)
    issued = bearer_tokens.issue(unit, row, prefix=TOKEN_PREFIX, label=label, expires_at=expires_at)
    unit.audit(organization_id, "directory.token_created", subject=directory.id, after={"token": row.id})
    unit.event(organization_id, EventType.DIRECTORY_TOKEN_CREATED, subject=directory.id, token=row.id)
    return issued


def may_add(unit: UnitOfWork, directory: Directory) -> Decision:
    """Whether whoever acts may make a token of this directory, as it stands; one made before it decides works after."""
    judged = may_make_token(
        unit.actor,
        is_draft=directory.state == DirectoryState.DRAFT,
        is_reached=directory.first_request_at is not None,
        has_token=any(token.revoked_at is None for token in rows.tokens(unit.session, directory.id)),
    )
    if isinstance(judged, Refused):
        return judged
    if bearer_tokens.is_here_for_a_while(unit, directory.organization_id):
        return refusal_for(unit.actor)
    return recent_authentication.judge(unit, EventType.DIRECTORY_TOKEN_CREATED)


def all_of(unit: UnitOfWork, organization_id: str, directory_id: str) -> Sequence[DirectoryToken]:
    """The directory's tokens, revoked ones included."""
    return rows.tokens(unit.session, directories.read(unit, organization_id, directory_id).id)


def revoke(unit: UnitOfWork, organization_id: str, directory_id: str, token_id: str) -> None:
    """The token is refused from the next request on. Raises NotFoundError."""
    unit.lock(organization_id)
    directory = directories.read(unit, organization_id, directory_id)
    row = rows.token(unit.session, directory.id, token_id)
    if row is None:
        raise NotFoundError("There is no such token.")
    if row.revoked_at is None:
        row.revoked_at = unit.now
        unit.audit(organization_id, "directory.token_revoked", subject=directory.id, before={"token": row.id})
        unit.event(organization_id, EventType.DIRECTORY_TOKEN_REVOKED, subject=directory.id, token=row.id)
