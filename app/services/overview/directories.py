"""The directories as the settings page shows them: tokens, what was pushed, and what activation still needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.rules import prerequisites
from app.rules.decisions import Allowed, Decision
from app.rules.directories import TOKEN_REFUSED_LATELY, TokenStanding
from app.rules.events import EventType
from app.rules.prerequisites import Recovery
from app.services import bearer_tokens, directories, directory_tokens, recovery, scim_requests
from app.services.directories import DirectoryState, Provider
from app.services.directory_tokens import TOKEN_PREFIX
from app.services.recent_authentication import judge
from app.services.scim_requests import Progress
from app.services.unit_of_work import UnitOfWork
from app.store import directories as rows
from app.store import figures
from app.store.directories import Directory, DirectoryToken
from app.store.figures import Mirror

_STORED = Recovery(unused=1, confirmed=True)


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """One token; `hint` is what may be shown of it, `refused_at` when it was last used after its end."""

    id: str
    label: str
    hint: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    refused_at: datetime | None
    standing: TokenStanding


@dataclass(frozen=True, slots=True)
class Needs:
    """The prerequisites of activation, each judged by itself; `future_admins` is how many admins it would bring."""

    set_up: Decision
    alone: Decision
    admin: Decision
    recovery: Decision
    future_admins: int


@dataclass(frozen=True, slots=True)
class DirectoryFacts:
    """`tokens` are those that were not revoked, `refused_tokens` those somebody lately used after their end."""

    id: str
    name: str
    provider: Provider
    state: DirectoryState
    base_url: str
    tokens: tuple[TokenFacts, ...]
    refused_tokens: tuple[TokenFacts, ...]
    needs: Needs
    may_activate: Decision
    may_deactivate: Decision
    may_delete: Decision
    may_add_token: Decision
    progress: Progress
    mirror: Mirror


def read(unit: UnitOfWork, organization_id: str) -> tuple[DirectoryFacts, ...]:
    """The organization's directories, oldest first."""
    return tuple(_facts(unit, row) for row in directories.all_of(unit, organization_id))


def _facts(unit: UnitOfWork, row: Directory) -> DirectoryFacts:
    tokens = [_token(unit, token) for token in rows.tokens(unit.session, row.id)]
    return DirectoryFacts(
        id=row.id,
        name=row.name,
        provider=Provider(row.provider),
        state=DirectoryState(row.state),
        base_url=directories.base_url(unit, row),
        tokens=tuple(token for token in tokens if token.standing is not TokenStanding.REVOKED),
        refused_tokens=tuple(
            token for token in tokens if token.refused_at and unit.now - token.refused_at < TOKEN_REFUSED_LATELY
        ),
        needs=_needs(unit, row),
        may_activate=judge(unit, EventType.DIRECTORY_ACTIVATED, first=directories.may_activate(unit, row)),
        may_deactivate=judge(unit, EventType.DIRECTORY_DEACTIVATED, first=directories.may_deactivate(unit, row)),
        may_delete=judge(unit, EventType.DIRECTORY_DELETED, first=directories.may_delete(unit, row.organization_id)),
        may_add_token=directory_tokens.may_add(unit, row),
        progress=scim_requests.progress(unit, row.organization_id, row.id),
        mirror=figures.mirror(unit.session, row.id),
    )


def _token(unit: UnitOfWork, token: DirectoryToken) -> TokenFacts:
    return TokenFacts(
        id=token.id,
        label=token.label,
        hint=shown(token),
        created_at=token.created_at,
        last_used_at=token.last_used_at,
        expires_at=token.expires_at,
        refused_at=token.refused_at,
        standing=bearer_tokens.standing(unit, token),
    )


def shown(token: DirectoryToken) -> str:
    """What may be shown of a token."""
    return f"{TOKEN_PREFIX}…{token.hint}"


def _needs(unit: UnitOfWork, row: Directory) -> Needs:
    """Each condition asked of its rule with all others met."""
    active = rows.active(unit.session, row.organization_id)
    future_admins = directories.future_admins(unit, row)
    return Needs(
        set_up=directories.may_set_up(unit, row.organization_id),
        alone=_judge(another_active=active is not None and active.id != row.id),
        admin=_judge(future_admins=future_admins),
        recovery=prerequisites.recovery_stored(recovery.state(unit, row.organization_id)),
        future_admins=future_admins,
    )


def _judge(*, another_active: bool = False, future_admins: int = 1) -> Decision:
    return prerequisites.activate_directory(
        is_active=False,
        another_active=another_active,
        set_up=Allowed(),
        future_admins=future_admins,
        recovery=_STORED,
    )
