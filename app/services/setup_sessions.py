"""Sessions of those who hold a setup link: opened with it, recognised on every request, ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.rules.actor import Actor
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.rules.sessions import is_alive
from app.rules.setup_links import SESSION, Scope
from app.services import setup_links
from app.services.sessions import lifetimes_of
from app.services.unit_of_work import UnitOfWork
from app.store import setup_links as rows
from app.store.setup_links import SetupLink, SetupSession


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is behind the cookie of a setup session, as values that outlive the transaction they were read in. `admin_id`
    is the administrator behind the link, whose facts count; nothing of theirs is open to its holder.
    """

    link_id: str
    organization_id: str
    scope: Scope
    admin_id: str
    made_by: str
    seen_at: datetime
    expires_at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened: `token` is for the cookie, 256 bits."""

    token: str
    scope: Scope


def open_session(unit: UnitOfWork, link_token: str) -> Opened | None:
    """A session for whoever has the link, if it opens anything now. It may be opened again, from anywhere."""
    digest = unit.ports.sealing.digest(link_token)
    found = rows.by_digest(unit.session, digest)
    if found is None:
        return None
    unit.lock(found.organization_id)
    link = rows.by_digest(unit.session, digest)  # again: it may have been revoked while we waited
    if link is None or not setup_links.is_open(unit, link):
        return None
    token = unit.ports.randomness.token()
    lasts = min(SESSION, lifetimes_of(unit, link.organization_id).absolute)
    unit.session.add(
        SetupSession(
            id=unit.id(Prefix.SESSION),
            digest=unit.ports.sealing.digest(token),
            link_id=link.id,
            created_at=unit.now,
            seen_at=unit.now,
            expires_at=min(unit.now + lasts, link.expires_at),
        )
    )
    link.last_used_at = unit.now
    unit.actor = setup_links.actor_of(link)
    unit.audit(link.organization_id, EventType.SETUP_LINK_USED, subject=link.id, after={"scope": link.scope})
    unit.event(link.organization_id, EventType.SETUP_LINK_USED, subject=link.id, scope=link.scope)
    return Opened(token, Scope(link.scope))


def recognise(unit: UnitOfWork, token: str) -> Holder | None:
    """Who this cookie is, if the session lives and its link is open still: asked on every request, so that a session is
    worth nothing the moment the link is revoked, or nobody stands behind it any more.
    """
    found = rows.session_by_digest(unit.session, unit.ports.sealing.digest(token))
    if found is None:
        return None
    row, link = found
    lifetimes = lifetimes_of(unit, link.organization_id)
    expires_at = min(row.expires_at, row.created_at + lifetimes.absolute)
    if not is_alive(idle_ends_at=row.seen_at + lifetimes.idle, expires_at=expires_at, now=unit.now):
        return None
    return _holder(row, link) if setup_links.is_open(unit, link) else None


def touch(unit: UnitOfWork, token: str) -> None:
    """Note that the session was used, and with it the link."""
    found = rows.session_by_digest(unit.session, unit.ports.sealing.digest(token))
    if found is not None:
        row, link = found
        row.seen_at = link.last_used_at = unit.now


def leave(unit: UnitOfWork, token: str) -> None:
    """End this session; the link may be opened again."""
    found = rows.session_by_digest(unit.session, unit.ports.sealing.digest(token))
    if found is not None:
        row, link = found
        row.ended_at = unit.now
        unit.actor = setup_links.actor_of(link)
        unit.audit(link.organization_id, "setup_link.left", subject=link.id)


def _holder(row: SetupSession, link: SetupLink) -> Holder:
    return Holder(
        link_id=link.id,
        organization_id=link.organization_id,
        scope=Scope(link.scope),
        admin_id=link.admin_id,
        made_by=link.maker_label,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        actor=setup_links.actor_of(link),
    )
