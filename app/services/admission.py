"""Who a proven sign-in is, and whether they may come in: by address, or by what an identity provider says."""

from __future__ import annotations

from dataclasses import dataclass

from app.rules.decisions import Code, Refused
from app.rules.domains import host_of
from app.rules.events import EventType
from app.rules.identity import ExternalIdentity, GroupsState
from app.rules.lockout import Guests
from app.rules.logout import EndedThere
from app.rules.members import MemberState
from app.rules.roles import ADMIN, GroupRef, GroupSource, effective_role
from app.services import authority, guests, invitations, joining, policy, settlements
from app.services.authority import Change
from app.services.unit_of_work import UnitOfWork
from app.store import connections, directories, members, organizations
from app.store.connections import Connection, ConsumedAssertion, LinkedIdentity, Proof
from app.store.invitations import Invitation
from app.store.members import Member
from app.store.organizations import Organization

_NOT_A_MEMBER = Refused(
    Code.NOT_A_MEMBER,
    "This address is not a member of any organization here.",
    fix="Ask your administrator to add you.",
)
_ADDRESS_IN_USE = Refused(
    Code.ADDRESS_IN_USE,
    "This address is a member of another organization.",
    fix="Ask an administrator there to remove it, then try again.",
)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A member who may come in."""

    member: Member


@dataclass(frozen=True, slots=True)
class NeedsCode:
    """First an emailed code, because who would come in is an administrator whom the provider has not named before."""


def by_email(unit: UnitOfWork, email: str, *, invitation_id: str | None = None) -> Admitted | Refused:
    """Whether the person who proved this address may come in without the identity provider: as the member they are, or
    by an invitation, which is accepted with that. `invitation_id` is the one whose link they followed.
    """
    found = members.by_email(unit.session, email)
    if found is None:
        invited = invitations.for_address(unit, email, invitation_id=invitation_id)
        if isinstance(invited, Refused):
            return invited
        return _NOT_A_MEMBER if invited is None else _invited(unit, invited)
    organization = unit.lock(found.organization_id)
    member = members.by_email(unit.session, email)  # again: who was removed while we waited is gone, or elsewhere
    if member is None:
        return _NOT_A_MEMBER
    if member.organization_id != organization.id:
        return by_email(unit, email, invitation_id=invitation_id)
    if invitation_id is not None and _is_elsewhere(unit, member, invitation_id):
        return _ADDRESS_IN_USE
    return judge_state(member) or _without_provider(unit, organization, email) or Admitted(member)


def _invited(unit: UnitOfWork, invitation: Invitation) -> Admitted | Refused:
    """Accept an invitation of an address that nobody has, where an emailed code is enough to come in."""
    organization = unit.lock(invitation.organization_id)
    unit.session.refresh(invitation)
    if members.by_email(unit.session, invitation.email) is not None:  # accepted while we waited, here or elsewhere
        return by_email(unit, invitation.email, invitation_id=invitation.id)
    if invitation.closed_at is not None:
        return _NOT_A_MEMBER  # revoked while we waited
    refused = _without_provider(unit, organization, invitation.email)
    if refused is not None:
        return refused
    member = invitations.accept(unit, invitation)
    return member if isinstance(member, Refused) else Admitted(member)


def _is_elsewhere(unit: UnitOfWork, member: Member, invitation_id: str) -> bool:
    """Whether they were invited by another organization than the one they are a member of."""
    invitation = invitations.for_address(unit, member.email, invitation_id=invitation_id)
    return isinstance(invitation, Invitation) and invitation.organization_id != member.organization_id


def _without_provider(unit: UnitOfWork, organization: Organization, email: str) -> Refused | None:
    """Why an emailed code is not enough in this organization, if so."""
    if connections.active(unit.session, organization.id) is None:
        return None
    if host_of(email) in organizations.verified_hosts(unit.session, organization.id):
        return Refused(
            Code.EMAIL_SIGN_IN_OFF,
            "Your organization requires single sign-on.",
            fix="Start again with your address; you will be sent to your identity provider.",
        )
    if organization.guests != Guests.EMAIL_CODE:
        return Refused(
            Code.GUESTS_REFUSED,
            "Your organization requires single sign-on and does not let guests sign in by email.",
            fix="Ask your administrator to allow guests, or to add you to the identity provider.",
        )
    return None


def by_identity(
    unit: UnitOfWork, connection: Connection, revision_id: str, identity: ExternalIdentity, *, code_given: bool
) -> Admitted | NeedsCode | Refused:
    """Who this identity is: linked before; else by address inside this organization, once; else created where that is
    allowed. `code_given`: the address was proven by an emailed code as well.
    """
    organization = unit.lock(connection.organization_id)
    linked = connections.identity(unit.session, connection.id, issuer=identity.issuer, subject=identity.subject)
    if linked is not None:
        member = members.present(unit.session, organization.id, linked.member_id)
        if member is not None:
            return judge_state(member) or Admitted(member)
        if not _has_come_back(unit, organization, identity.email):
            return _refuse_removed()
        unit.session.delete(linked)  # of a member who was removed: whoever has the address now is a new one
        unit.session.flush()
    member = members.by_email(unit.session, identity.email)
    if member is None or member.organization_id != organization.id:
        return _create(unit, organization, identity, code_given=code_given)
    return _first_link(unit, connection, revision_id, identity, member, code_given=code_given)


def _has_come_back(unit: UnitOfWork, organization: Organization, email: str) -> bool:
    """Whether an address that a removed member had is a member again, or invited."""
    member = members.by_email(unit.session, email)
    if member is not None:
        return member.organization_id == organization.id
    return invitations.in_organization(unit, organization.id, email) is not None


def link(unit: UnitOfWork, connection: Connection, member: Member, identity: ExternalIdentity) -> None:
    """Tie the identity to the member for good; a second subject for the same member is refused elsewhere."""
    known = connections.identity(unit.session, connection.id, issuer=identity.issuer, subject=identity.subject)
    if known is not None:
        return
    unit.session.add(
        LinkedIdentity(
            connection_id=connection.id,
            issuer=identity.issuer,
            subject=identity.subject,
            member_id=member.id,
            linked_at=unit.now,
        )
    )
    what = {"connection": connection.id}
    unit.audit(member.organization_id, "member.identity_linked", subject=member.id, after=what)
    unit.event(member.organization_id, EventType.MEMBER_IDENTITY_LINKED, subject=member.id, **what)


def note_arrival(
    unit: UnitOfWork, member: Member, *, identity: ExternalIdentity | None = None, revision_id: str | None = None
) -> None:
    """What a completed sign-in changes: times, proof, groups; then roles and holds are worked out anew. Never
    refused.
    """
    organization = unit.lock(member.organization_id)
    before = policy.current(unit.session, organization)
    if identity is not None and revision_id is not None:
        prove(unit, member, revision_id, identity, would_be_admin=member.role == ADMIN)
        _note_groups(member, identity)
    unit.session.flush()
    change = Change(signed_in=frozenset({member.id}))
    proposal = authority.propose(unit, organization.id, policy=before, change=change, by_person=False)
    member.first_signed_in_at = member.first_signed_in_at or unit.now
    member.last_signed_in_at = unit.now
    settlements.carry_out(unit, organization.id, proposal)
    unit.event(organization.id, EventType.MEMBER_SIGNED_IN, subject=member.id)


def settle(unit: UnitOfWork, member: Member) -> None:
    """Work out roles and holds anew after something was proven for this member. Never refused."""
    organization = unit.lock(member.organization_id)
    unit.session.flush()
    in_force = policy.current(unit.session, organization)
    change = Change(touched=frozenset({member.id}))
    proposal = authority.propose(unit, organization.id, policy=in_force, change=change, by_person=False)
    settlements.carry_out(unit, organization.id, proposal)


def links_elsewhere(unit: UnitOfWork, connection: Connection, member: Member, identity: ExternalIdentity) -> bool:
    """Whether this identity could not sign this member in: it is that of somebody else who is still there, or they are
    linked with another.
    """
    session, issuer = unit.session, identity.issuer
    owner = connections.identity(session, connection.id, issuer=issuer, subject=identity.subject)
    if owner is not None and members.present(session, connection.organization_id, owner.member_id) is not None:
        return owner.member_id != member.id
    return connections.identity_of(session, connection.id, member.id, issuer=issuer) is not None


def prove(
    unit: UnitOfWork, member: Member, revision_id: str, identity: ExternalIdentity, *, would_be_admin: bool
) -> None:
    """Remember that this member came in through exactly this revision."""
    proof = connections.proof(unit.session, revision_id, member.id)
    if proof is None:
        proof = Proof(revision_id=revision_id, member_id=member.id)
        unit.session.add(proof)
    proof.proven_at, proof.would_be_admin = unit.now, would_be_admin
    proof.issuer, proof.subject = identity.issuer, identity.subject


def consume(unit: UnitOfWork, connection: Connection, identity: ExternalIdentity | EndedThere) -> bool:
    """Whether this assertion or logout is seen for the first time. The organization is locked, so a second one waits
    for the first.
    """
    unit.lock(connection.organization_id)
    if unit.session.get(ConsumedAssertion, (connection.id, identity.replay_key)) is not None:
        return False
    unit.session.add(
        ConsumedAssertion(connection_id=connection.id, replay_key=identity.replay_key, until=identity.replay_until)
    )
    unit.session.flush()
    return True


def role_through(unit: UnitOfWork, member: Member, identity: ExternalIdentity) -> str:
    """The role this member would have after this sign-in."""
    organization = unit.lock(member.organization_id)
    in_force = policy.current(unit.session, organization)
    if in_force.directory_id is not None:
        return member.role
    values = member.sign_in_groups if identity.groups.state is GroupsState.UNKNOWN else identity.groups.values
    groups = frozenset(GroupRef(GroupSource.SIGN_IN, value) for value in values)
    return effective_role(groups=groups, granted=member.granted_role, policy=in_force.roles).role


def _first_link(
    unit: UnitOfWork,
    connection: Connection,
    revision_id: str,
    identity: ExternalIdentity,
    member: Member,
    *,
    code_given: bool,
) -> Admitted | NeedsCode | Refused:
    if connections.identity_of(unit.session, connection.id, member.id, issuer=identity.issuer) is not None:
        return Refused(
            Code.SUBJECT_CHANGED,
            "Your identity provider sent another identifier for you than before.",
            fix="Ask your administrator to allow linking again.",
        )
    proof = connections.proof(unit.session, revision_id, member.id)
    known = proof is not None and (proof.issuer, proof.subject) == (identity.issuer, identity.subject)
    refused = judge_state(member)
    if refused is not None:
        return refused
    return NeedsCode() if member.role == ADMIN and not known and not code_given else Admitted(member)


def _create(
    unit: UnitOfWork, organization: Organization, identity: ExternalIdentity, *, code_given: bool
) -> Admitted | NeedsCode | Refused:
    """By invitation; else just-in-time, where no directory decides and nobody with this address was removed."""
    invited = invitations.in_organization(unit, organization.id, identity.email)
    if invited is not None:
        if invited.role == ADMIN and not code_given:
            return NeedsCode()
        refused = invitations.refusal(unit, invited) or _end_elsewhere(unit, organization, identity.email)
        accepted = refused or invitations.accept(unit, invited, name=identity.name)
        return accepted if isinstance(accepted, Refused) else Admitted(accepted)
    if members.removed_with_email(unit.session, organization.id, identity.email):
        return _refuse_removed()
    directory = directories.active(unit.session, organization.id)
    if directory is not None or not organization.jit:
        return Refused(
            Code.NOT_PROVISIONED,
            "You are not a member of this organization yet.",
            fix="Ask your administrator to assign the application to you in the identity provider.",
        )
    refused = _end_elsewhere(unit, organization, identity.email)
    if refused is not None:
        return refused
    member = joining.join(unit, organization, email=identity.email, name=identity.name)
    unit.audit(organization.id, EventType.MEMBER_CREATED, subject=member.id, after={"email": member.email})
    return Admitted(member)


def _end_elsewhere(unit: UnitOfWork, organization: Organization, email: str) -> Refused | None:
    """Who comes through the provider of the organization that has verified their host was a guest wherever else they
    are a member; refused where they are not this organization's to take, or have to stay.
    """
    if host_of(email) not in organizations.verified_hosts(unit.session, organization.id):
        return _ADDRESS_IN_USE if members.by_email(unit.session, email) is not None else None
    elsewhere = guests.look_up(unit, organization.id, [email])
    if elsewhere.people.keys() and not elsewhere.may_leave:
        guests.tell_kept(unit, elsewhere.people.values())
        return _ADDRESS_IN_USE
    guests.end(unit, elsewhere.people.values())
    unit.flush()
    return None


def judge_state(member: Member) -> Refused | None:
    """Why this member may not come in by any door, if so."""
    if member.suspended:
        return Refused(Code.MEMBER_SUSPENDED, "Your account is suspended.", fix="Ask your administrator.")
    if member.held and member.state == MemberState.DEACTIVATED:
        return Refused(
            Code.MEMBER_DEACTIVATED,
            "Your directory has deactivated you, but you are kept as the last administrator.",
            fix="Come in with a recovery code: the settings then say what helps.",
            facts={"recovery": "open"},
        )
    if member.state == MemberState.DEACTIVATED:
        return Refused(
            Code.MEMBER_DEACTIVATED,
            "Your account is deactivated.",
            fix="Ask your administrator to assign the application to you again.",
        )
    return None


def _refuse_removed() -> Refused:
    return Refused(Code.MEMBER_REMOVED, "You were removed from this organization.", fix="Ask your administrator.")


def _note_groups(member: Member, identity: ExternalIdentity) -> None:
    """Unknown groups change nothing; an empty list does."""
    if identity.groups.state is not GroupsState.UNKNOWN:
        member.sign_in_groups_state = identity.groups.state
        member.sign_in_groups = sorted(identity.groups.values)
