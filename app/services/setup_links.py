"""Setup links: made for a colleague who runs the identity provider, mailed or shown once, revoked, ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.ports.mail import Mail
from app.rules.actor import Actor, ActorKind
from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.domains import normalize_address
from app.rules.errors import InvalidInputError, NotFoundError, TooManyError
from app.rules.events import EventType
from app.rules.holds import HELD_BY_DIRECTORY, NO_LINK
from app.rules.ids import Prefix
from app.rules.invitations import wait_before_sending
from app.rules.organizations import read_text
from app.rules.setup_links import LIFETIME, Scope, SetupLinkState, state_of
from app.services import backing, bearer_tokens, connections, directories, mailbox, recent_authentication
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import setup_links as rows
from app.store.members import Member
from app.store.organizations import Organization
from app.store.setup_links import SetupLink

_DAYS = LIFETIME // timedelta(days=1)
_NO_ADMINISTRATOR = Refused(
    Code.ACTING_ADMIN_REQUIRED,
    "A setup link is an administrator's, and ends when they are none any more.",
    fix='Name one with "on_behalf_of".',
)
_PARTS = {Scope.SSO: "single sign-on", Scope.DIRECTORY: "directory provisioning"}


@dataclass(frozen=True, slots=True)
class Made:
    """A link just made. `url` is shown once and stored nowhere; "" where it was mailed."""

    row: SetupLink
    url: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A link and how it stands."""

    row: SetupLink
    state: SetupLinkState

    @property
    def id(self) -> str:
        """The link's id."""
        return self.row.id


def make(
    unit: UnitOfWork, organization_id: str, *, scope: Scope, note: str = "", email: str = "", admin: Member | None
) -> Made | Refused:
    """A link for the part that `scope` names, good for a week, behind which `admin` stands; mailed where an address is
    given. Raises InvalidInputError, TooManyError.
    """
    organization = unit.lock(organization_id)
    to = normalize_address(email) if email.strip() else None
    note = _read_note(note, to)
    if to is not None:
        _wait(unit, organization_id, to)
    decision = may_make(unit, organization_id, admin=admin)
    if isinstance(decision, Allowed):
        decision = _may_be_set_up(unit, organization_id, scope, admin)
    if isinstance(decision, Refused):
        return unit.refuse(organization_id, EventType.SETUP_LINK_CREATED, decision)
    assert admin is not None  # or it would not have been allowed
    token = unit.ports.randomness.token()
    link = SetupLink(
        id=unit.id(Prefix.LINK),
        organization_id=organization_id,
        scope=scope,
        note=note,
        email=to,
        digest=unit.ports.sealing.digest(token),
        admin_id=admin.id,
        maker_kind=unit.actor.kind,
        maker_id=unit.actor.id,
        maker_label=unit.actor.label,
        created_at=unit.now,
        expires_at=unit.now + LIFETIME,
    )
    unit.session.add(link)
    unit.flush()
    # Behind the "#", so that it stands in no log and in no Referer.
    url = f"{unit.ports.base_url}/setup#{token}"
    if to is not None:
        _mail(unit, organization, link, to=to, url=url)
    _tell(unit, link, EventType.SETUP_LINK_CREATED, scope=link.scope)
    return Made(link, "" if to is not None else url)


def may_make(unit: UnitOfWork, organization_id: str, *, admin: Member | None) -> Decision:
    """Whether whoever acts may make a link behind which this administrator stands: not while they are here for a while
    only, since the link would stay, and not from a browser that was found open.
    """
    if bearer_tokens.is_here_for_a_while(unit, organization_id):
        return HELD_BY_DIRECTORY if unit.actor.kind is ActorKind.API_KEY else NO_LINK
    asked = recent_authentication.judge(unit, EventType.SETUP_LINK_CREATED)
    if isinstance(asked, Refused):
        return asked
    if admin is None:
        return _NO_ADMINISTRATOR
    return Allowed() if backing.is_administrator(unit, organization_id, admin.id) else NO_LINK


def _may_be_set_up(unit: UnitOfWork, organization_id: str, scope: Scope, admin: Member | None) -> Decision:
    """Whether there would be anything to do with the link: better said to who makes it than to who opens it."""
    if scope is Scope.SSO:
        return connections.may_set_up(unit, organization_id, acting=connections.acting_of(admin))
    return directories.may_set_up(unit, organization_id)


def revoke(unit: UnitOfWork, organization_id: str, link_id: str) -> None:
    """It opens nothing any more, and its sessions end. Doing so again changes nothing. Raises NotFoundError."""
    unit.lock(organization_id)
    link = _one(unit, organization_id, link_id)
    if link.closed_at is None:
        _close(unit, link, SetupLinkState.REVOKED)


def read(unit: UnitOfWork, organization_id: str, link_id: str) -> Listed:
    """One link. Raises NotFoundError."""
    return _listed(unit, _one(unit, organization_id, link_id))


def page(unit: UnitOfWork, organization_id: str, *, after: str, limit: int) -> Sequence[Listed]:
    """Links in the order they were made, closed ones included."""
    return [_listed(unit, row) for row in rows.page(unit.session, organization_id, after=after, limit=limit)]


def latest(unit: UnitOfWork, organization_id: str, *, limit: int) -> Sequence[Listed]:
    """The latest links, closed ones included, the newest first."""
    return [_listed(unit, row) for row in rows.latest(unit.session, organization_id, limit=limit)]


def is_open(unit: UnitOfWork, link: SetupLink) -> bool:
    """Whether the link opens anything now."""
    return _listed(unit, link).state is SetupLinkState.OPEN


def open_one(unit: UnitOfWork, link_id: str) -> SetupLink | None:
    """The link with this id, if it opens anything now."""
    link = rows.by_id(unit.session, link_id)
    return link if link is not None and is_open(unit, link) else None


def actor_of(link: SetupLink) -> Actor:
    """Who acts in a session that the link has opened: nobody knows more of them than that they have it."""
    return Actor(ActorKind.SETUP_LINK, id=link.id, label=f"setup link {link.id}, made by {link.maker_label}")


def close_orphaned(transactions: Transactions) -> None:
    """Close links behind which nobody stands any more. They open nothing already; from here on they stay closed, also
    when whoever it was becomes an administrator again.
    """
    with transactions.reading() as unit:
        found = rows.running(unit.session, now=unit.now)
        due = [(row.organization_id, row.id) for row in found if not is_open(unit, row)]
    for organization_id, link_id in due:
        with transactions.writing() as unit:
            unit.lock(organization_id)
            link = rows.one(unit.session, organization_id, link_id)
            if link is not None and _listed(unit, link).state is SetupLinkState.ORPHANED and link.closed_at is None:
                _close(unit, link, SetupLinkState.ORPHANED)


def _read_note(note: str, to: str | None) -> str:
    """Whom the link is for, in words, else the address it goes to."""
    if note.strip():
        return read_text(note, field="note")
    if to is None:
        raise InvalidInputError("Say whom it is for, or give the address it goes to.", code="empty", field="note")
    return to


def _wait(unit: UnitOfWork, organization_id: str, to: str) -> None:
    """Nobody is mailed twice within a minute. Raises TooManyError."""
    mailed_at = rows.last_mailed_at(unit.session, organization_id, to)
    wait = wait_before_sending(sent_at=mailed_at, now=unit.now) if mailed_at is not None else None
    if wait is not None:
        sentence = "A link was mailed to this address less than a minute ago."
        raise TooManyError(sentence, retry_after=max(1, int(wait.total_seconds())))


def _one(unit: UnitOfWork, organization_id: str, link_id: str) -> SetupLink:
    link = rows.one(unit.session, organization_id, link_id)
    if link is None:
        raise NotFoundError("There is no such setup link.")
    return link


def _listed(unit: UnitOfWork, link: SetupLink) -> Listed:
    state = state_of(
        closed_as=link.closed_as,
        is_backed=link.closed_as is None and _is_backed(unit, link),
        expires_at=link.expires_at,
        now=unit.now,
    )
    return Listed(link, state)


def _is_backed(unit: UnitOfWork, link: SetupLink) -> bool:
    """Both have to be good still: the administrator, and the key where one made the link for them."""
    if not backing.is_administrator(unit, link.organization_id, link.admin_id):
        return False
    return backing.is_backed(unit, link.organization_id, kind=link.maker_kind, id_=link.maker_id)


def _close(unit: UnitOfWork, link: SetupLink, state: SetupLinkState) -> None:
    link.closed_at, link.closed_as = unit.now, state
    rows.end_sessions(unit.session, link.id, now=unit.now)
    _tell(unit, link, EventType.SETUP_LINK_REVOKED, reason=state.value)


def _tell(unit: UnitOfWork, link: SetupLink, type_: EventType, **data: str) -> None:
    """Whom it is for stands in the link: neither event nor audit entry repeats it."""
    unit.audit(link.organization_id, type_, subject=link.id, after=data)
    unit.event(link.organization_id, type_, subject=link.id, **data)


def _mail(unit: UnitOfWork, organization: Organization, link: SetupLink, *, to: str, url: str) -> None:
    part = _PARTS[Scope(link.scope)]
    text = (
        f"{link.maker_label} asks you to set up {part} for {organization.name}.\n\n"
        f"Open this within {_DAYS} days, as often as you need to:\n{url}\n\n"
        "Whoever has this link can do the same: do not pass it on. If you did not expect it, ignore it: nothing "
        "happens."
    )
    mail = Mail(to=to, subject=f"Set up {part} for {organization.name}", text=text)
    mailbox.post(unit, mail, keep_trying=LIFETIME)
