"""Invitations: made, mailed, sent again, revoked; accepted with the proof of their address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.ports.mail import Mail
from app.rules.actor import Actor, ActorKind
from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.domains import host_of, normalize_address
from app.rules.errors import InvalidInputError, NotFoundError, TooManyError
from app.rules.events import EventType
from app.rules.holds import refusal_for
from app.rules.ids import Prefix
from app.rules.invitations import (
    LIFETIME,
    InvitationState,
    judge_invitation,
    role_given,
    state_of,
    wait_before_sending,
)
from app.rules.roles import ADMIN
from app.services import backing, bearer_tokens, joining, mailbox, policy, recent_authentication
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import connections, directories, listings, members, organizations, roles
from app.store import invitations as rows
from app.store.invitations import Invitation
from app.store.members import Member
from app.store.organizations import Organization

_BATCH = 100
_SEVERAL = Refused(
    Code.NOT_A_MEMBER,
    "More than one organization has invited this address.",
    fix="Open the link in the mail of the one that you want to join.",
)
_OWNED_ELSEWHERE = Refused(
    Code.ADDRESS_IN_USE,
    "Another organization decides who comes in with addresses at this domain.",
    fix="Ask whoever invited you to use another address of yours.",
)
_DAYS = LIFETIME // timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Listed:
    """An invitation and how it stands."""

    row: Invitation
    state: InvitationState

    @property
    def id(self) -> str:
        """The invitation's id."""
        return self.row.id


def invite(unit: UnitOfWork, organization_id: str, *, email: str, role: str) -> Invitation | Refused:
    """Ask somebody to become a member with this role; they are mailed a link. Raises InvalidInputError."""
    organization = unit.lock(organization_id)
    email = normalize_address(email)
    if roles.role(unit.session, organization_id, role) is None:
        raise InvalidInputError("There is no such role.", field="role")
    earlier = rows.open_in(unit.session, organization_id, email)
    _wait(unit, rows.last_sent_at(unit.session, organization_id, email))
    decision = _may_send(unit, organization, email, role)
    if isinstance(decision, Allowed) and earlier is not None and earlier.expires_at > unit.now:
        decision = Refused(
            Code.INVITATION_OPEN, f"{email} is invited already.", fix="Send that invitation again, or revoke it."
        )
    if isinstance(decision, Refused):
        return unit.refuse(organization_id, EventType.INVITATION_CREATED, decision)
    if earlier is not None:
        _close(unit, earlier, InvitationState.EXPIRED)
        unit.flush()
    token = unit.ports.randomness.token()
    invitation = Invitation(
        id=unit.id(Prefix.INVITATION),
        organization_id=organization_id,
        email=email,
        role=role,
        digest=unit.ports.sealing.digest(token),
        invited_by=unit.actor.id,
        inviter_kind=unit.actor.kind,
        inviter_label=unit.actor.label,
        created_at=unit.now,
        sent_at=unit.now,
        expires_at=unit.now + LIFETIME,
    )
    unit.session.add(invitation)
    unit.flush()
    _mail(unit, organization, invitation, token)
    _tell(unit, invitation, EventType.INVITATION_CREATED, role=role)
    return invitation


def send_again(unit: UnitOfWork, organization_id: str, invitation_id: str) -> Invitation | Refused:
    """Mail a new link, which makes the old one void, for another week. Raises NotFoundError, TooManyError."""
    organization = unit.lock(organization_id)
    invitation = _open(unit, organization_id, invitation_id)
    _wait(unit, invitation.sent_at)
    decision = _may_send(unit, organization, invitation.email, invitation.role)
    if isinstance(decision, Refused):
        return unit.refuse(organization_id, EventType.INVITATION_SENT_AGAIN, decision, subject=invitation_id)
    token = unit.ports.randomness.token()
    invitation.digest = unit.ports.sealing.digest(token)
    invitation.sent_at, invitation.expires_at = unit.now, unit.now + LIFETIME
    _mail(unit, organization, invitation, token)
    _tell(unit, invitation, EventType.INVITATION_SENT_AGAIN)
    return invitation


def revoke(unit: UnitOfWork, organization_id: str, invitation_id: str) -> None:
    """Nobody can accept it any more. Raises NotFoundError."""
    unit.lock(organization_id)
    invitation = _open(unit, organization_id, invitation_id)
    _close(unit, invitation, InvitationState.REVOKED)
    _tell(unit, invitation, EventType.INVITATION_REVOKED)


def read(unit: UnitOfWork, organization_id: str, invitation_id: str) -> Listed:
    """One invitation. Raises NotFoundError."""
    row = rows.one(unit.session, organization_id, invitation_id)
    if row is None:
        raise _no_invitation()
    return listed(unit, organization_id, [row])[0]


def page(unit: UnitOfWork, organization_id: str, *, after: str, limit: int) -> Sequence[Listed]:
    """Invitations in the order they were made, closed ones included."""
    return listed(unit, organization_id, rows.page(unit.session, organization_id, after=after, limit=limit))


def inviter(unit: UnitOfWork, invitation: Invitation) -> str:
    """Who invites, in words for whoever is invited: a name with its address, where there is one."""
    if invitation.inviter_kind == ActorKind.MEMBER:
        member = members.present(unit.session, invitation.organization_id, invitation.invited_by or "")
        if member is not None and member.name:
            return f"{member.name} ({member.email})"
    return invitation.inviter_label


def waiting(unit: UnitOfWork, organization_id: str, *, limit: int) -> Sequence[Listed]:
    """The latest that wait for an answer or have expired, the newest first."""
    found = listed(unit, organization_id, rows.all_open(unit.session, organization_id, limit=limit))
    return [one for one in found if one.state is not InvitationState.SUPERSEDED]


def listed(unit: UnitOfWork, organization_id: str, invitations: Sequence[Invitation]) -> Sequence[Listed]:
    """These invitations with how they stand now."""
    emails = {row.email for row in invitations if row.closed_at is None}
    present = rows.members_among(unit.session, organization_id, emails) if emails else frozenset()
    return [Listed(row, _state(unit, row, is_member=row.email in present)) for row in invitations]


def by_token(unit: UnitOfWork, token: str) -> Listed | None:
    """The invitation that a link is for, and how it stands."""
    row = rows.by_digest(unit.session, unit.ports.sealing.digest(token))
    return None if row is None else listed(unit, row.organization_id, [row])[0]


def for_address(unit: UnitOfWork, email: str, *, invitation_id: str | None = None) -> Invitation | Refused | None:
    """The invitation that whoever has proven this address may accept: the one whose link they followed, else that of
    the organization that has verified their host, else the only one. Of several nobody but they themselves may choose.
    """
    if invitation_id is None:
        found = rows.open_for(unit.session, email, now=unit.now)
        owner = organizations.verified_domain(unit.session, host_of(email))
        owners = [row for row in found if owner is not None and row.organization_id == owner.organization_id]
        if len(found) > 1 and not owners:
            return _SEVERAL
        return next(iter(owners or found), None)
    row = rows.by_id(unit.session, invitation_id)
    is_open = row is not None and row.email == email and row.closed_at is None and row.expires_at > unit.now
    return row if is_open else None


def in_organization(unit: UnitOfWork, organization_id: str, email: str) -> Invitation | None:
    """The invitation of this organization that whoever has proven this address may accept."""
    row = rows.open_in(unit.session, organization_id, email)
    return row if row is not None and row.expires_at > unit.now else None


def refusal(unit: UnitOfWork, invitation: Invitation) -> Refused | None:
    """Why whoever has proven the address cannot accept it, if so: they could not be invited any more."""
    organization = unit.lock(invitation.organization_id)
    decision = _judge(unit, organization, invitation.email)
    if isinstance(decision, Refused):
        return decision
    return _OWNED_ELSEWHERE if _is_owned_elsewhere(unit, invitation) else None


def accept(unit: UnitOfWork, invitation: Invitation, *, name: str = "") -> Member | Refused:
    """Make whoever has proven the address a member, unless there is a `refusal`."""
    refused = refusal(unit, invitation)
    if refused is not None:
        return refused
    organization = unit.lock(invitation.organization_id)
    unit.actor = Actor(ActorKind.SIGN_IN, label=invitation.email)
    known = frozenset(role.slug for role in roles.roles(unit.session, organization.id))
    is_admin = invitation.role != ADMIN or backing.is_backed(
        unit, organization.id, kind=invitation.inviter_kind, id_=invitation.invited_by
    )
    granted = role_given(invitation.role, known=known, default=organization.default_role, inviter_is_admin=is_admin)
    member = joining.join(
        unit,
        organization,
        email=invitation.email,
        name=name,
        granted=granted,
        origin=invitation.inviter_kind,
        invitation=invitation.id,
    )
    _close(unit, invitation, InvitationState.ACCEPTED)
    told = {"member": member.id, "role": member.role}
    less = "" if member.role == invitation.role else f"invited as {invitation.role} by {invitation.inviter_label}"
    unit.audit(organization.id, EventType.INVITATION_ACCEPTED, subject=member.id, after=told, reason=less or None)
    unit.event(organization.id, EventType.INVITATION_ACCEPTED, subject=invitation.id, **told)
    return member


def close_superseded(transactions: Transactions) -> None:
    """Close invitations whose people became members otherwise, most often through a directory."""
    with transactions.reading() as unit:
        due = [(row.organization_id, row.id) for row in rows.answered_otherwise(unit.session, limit=_BATCH)]
    for organization_id, invitation_id in due:
        with transactions.writing() as unit:
            unit.lock(organization_id)
            invitation = rows.one(unit.session, organization_id, invitation_id)
            if invitation is not None and invitation.closed_at is None:
                _supersede(unit, invitation)


def supersede(unit: UnitOfWork, organization_id: str, email: str) -> None:
    """A member leaves: an invitation that they had overtaken, and nobody has closed yet, does not bring them back."""
    invitation = rows.open_in(unit.session, organization_id, email)
    if invitation is not None:
        _supersede(unit, invitation)


def _supersede(unit: UnitOfWork, invitation: Invitation) -> None:
    _close(unit, invitation, InvitationState.SUPERSEDED)
    _tell(unit, invitation, EventType.INVITATION_SUPERSEDED)


def _wait(unit: UnitOfWork, sent_at: datetime | None) -> None:
    """Nobody is mailed twice within a minute, revoked or not. Raises TooManyError."""
    wait = wait_before_sending(sent_at=sent_at, now=unit.now) if sent_at is not None else None
    if wait is not None:
        raise TooManyError("This was sent less than a minute ago.", retry_after=max(1, int(wait.total_seconds())))


def _may_send(unit: UnitOfWork, organization: Organization, email: str, role: str) -> Decision:
    """Whether whoever acts may invite this address with this role. Making an administrator asks for more: nobody on
    hold makes one of another address of theirs, and no browser that was found open does.
    """
    if role == ADMIN and bearer_tokens.is_here_for_a_while(unit, organization.id):
        return refusal_for(unit.actor)
    judged = _judge(unit, organization, email)
    return recent_authentication.judge(unit, EventType.INVITATION_CREATED, first=judged, is_sensitive=role == ADMIN)


def _judge(unit: UnitOfWork, organization: Organization, email: str) -> Decision:
    in_force = policy.current(unit.session, organization)
    directory_id = in_force.directory_id
    return judge_invitation(
        email,
        access=in_force.access,
        has_directory=directory_id is not None,
        is_member=bool(rows.members_among(unit.session, organization.id, [email])),
        is_listed=directory_id is not None and listings.lists_address(unit.session, directory_id, email),
    )


def _is_owned_elsewhere(unit: UnitOfWork, invitation: Invitation) -> bool:
    """Whether the address is at a host of another organization that decides who comes in there."""
    owner = organizations.verified_domain(unit.session, host_of(invitation.email))
    if owner is None or owner.organization_id == invitation.organization_id:
        return False
    decides = (connections.active, directories.active)
    return any(active(unit.session, owner.organization_id) is not None for active in decides)


def _state(unit: UnitOfWork, row: Invitation, *, is_member: bool) -> InvitationState:
    return state_of(closed_as=row.closed_as, is_member=is_member, expires_at=row.expires_at, now=unit.now)


def _open(unit: UnitOfWork, organization_id: str, invitation_id: str) -> Invitation:
    invitation = rows.one(unit.session, organization_id, invitation_id)
    if invitation is None or invitation.closed_at is not None:
        raise _no_invitation()
    return invitation


def _no_invitation() -> NotFoundError:
    return NotFoundError("There is no such invitation.")


def _close(unit: UnitOfWork, invitation: Invitation, state: InvitationState) -> None:
    invitation.closed_at, invitation.closed_as = unit.now, state


def _tell(unit: UnitOfWork, invitation: Invitation, type_: EventType, **data: str) -> None:
    """The address stands in the invitation: neither event nor audit entry repeats it."""
    unit.audit(invitation.organization_id, type_, subject=invitation.id, after=data)
    unit.event(invitation.organization_id, type_, subject=invitation.id, **data)


def _mail(unit: UnitOfWork, organization: Organization, invitation: Invitation, token: str) -> None:
    text = (
        f"{inviter(unit, invitation)} invites you to {organization.name}.\n\n"
        f"Open this within {_DAYS} days to accept:\n{unit.ports.base_url}/invitations/{token}\n\n"
        f"You sign in with this very address. If you did not expect this, ignore it: nothing happens."
    )
    mail = Mail(to=invitation.email, subject=f"You are invited to {organization.name}", text=text)
    mailbox.post(unit, mail, keep_trying=LIFETIME)
