"""Browsers that a member has never signed in with: they are told of each by mail."""

from __future__ import annotations

from app.ports.mail import Mail
from app.rules.browsers import browser_name
from app.services import mailbox, organizations
from app.services.unit_of_work import UnitOfWork
from app.store import known_browsers
from app.store.known_browsers import KnownBrowser
from app.store.members import Member


def note(unit: UnitOfWork, member: Member, digest: str) -> None:
    """Take note that the member signs in with the browser of this digest. Nobody is told of the first one: whoever has
    just accepted an invitation or been made a member knows, and there is nothing to compare it with.
    """
    known = known_browsers.of(unit.session, member.id, digest)
    if known is not None:
        known.seen_at = unit.now
        return
    if known_browsers.has_any(unit.session, member.id):
        _tell(unit, member)
    unit.session.add(KnownBrowser(member_id=member.id, digest=digest, seen_at=unit.now))


def _tell(unit: UnitOfWork, member: Member) -> None:
    name = organizations.read(unit, member.organization_id).name
    visitor = unit.visitor
    text = (
        f"Somebody signed in to {name} as you, with a browser that you have not signed in with before.\n\n"
        f"When: {unit.now:%Y-%m-%d %H:%M} UTC\n"
        f"Browser: {browser_name(visitor.user_agent) or 'unknown'}\n"
        f"Network address: {visitor.address or 'unknown'}\n\n"
        "If that was you, there is nothing to do. Cleared cookies and private windows count as a new browser.\n\n"
        f'If it was not you: open your profile at {unit.ports.base_url}/profile, press "End all others" under '
        '"Where you are signed in", and tell an administrator of your organization at once.'
    )
    mailbox.post(unit, Mail(to=member.email, subject=f"New sign-in to {name}", text=text))
