"""Domains: claimed, looked up in DNS, verified, removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache

from publicsuffixlist import PublicSuffixList

from app.ports.dns import TxtAnswer
from app.rules import prerequisites
from app.rules.actor import ActorKind
from app.rules.decisions import Code, Decision, Refused
from app.rules.domains import (
    DomainState,
    after_check,
    is_missed_long,
    judge_claim,
    normalize_host,
    record_value,
)
from app.rules.errors import NotFoundError
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.rules.prerequisites import Acting
from app.services import alarms, authority, effects, policy, settlements
from app.services.authority import Change
from app.services.linking import UNVERIFIED_HOST, Linking
from app.services.plans import Planned, Proof
from app.services.policy import Policy
from app.services.unit_of_work import UnitOfWork
from app.store import connections, directories, listings, organizations
from app.store.organizations import Domain

_MAX_FOUND = 20
_PROVEN, _VOUCHED = "dns", "manual"
_public_suffixes = cache(PublicSuffixList)  # reading the list takes longer than everything else of a claim


def all_of(unit: UnitOfWork, organization_id: str) -> Sequence[Domain]:
    """The organization's domains, oldest first."""
    return organizations.domains(unit.session, organization_id)


def read(unit: UnitOfWork, organization_id: str, domain_id: str) -> Domain:
    """One domain. Raises NotFoundError."""
    domain = organizations.domain(unit.session, organization_id, domain_id)
    if domain is None:
        raise NotFoundError("There is no such domain.")
    return domain


def claims_on(unit: UnitOfWork, host: str) -> Sequence[Domain]:
    """Every claim on a normalised host, whichever organization made it, oldest first. For whoever runs the server."""
    return organizations.claims_on(unit.session, host)


def claim(unit: UnitOfWork, organization_id: str, *, host: str, acting: Acting | None) -> Domain | Refused:
    """Claim an email host; the record to publish is in the answer. Nothing counts until it is verified."""
    unit.lock(organization_id)
    host = normalize_host(host)
    claimed = organizations.domains(unit.session, organization_id)
    decision = _judge(unit, host, claimed, acting)
    if isinstance(decision, Refused):
        return unit.refuse(organization_id, "domain.claimed", decision)
    domain = Domain(
        id=unit.id(Prefix.DOMAIN),
        organization_id=organization_id,
        host=host,
        state=DomainState.PENDING,
        token=unit.ports.randomness.token(),
        created_at=unit.now,
        next_check_at=unit.now + timedelta(minutes=1),
        checks=0,
    )
    unit.session.add(domain)
    unit.audit(organization_id, "domain.claimed", subject=domain.id, after={"host": host})
    unit.event(organization_id, EventType.DOMAIN_CLAIMED, subject=domain.id, host=host)
    return domain


def question(unit: UnitOfWork, organization_id: str, domain_id: str) -> str:
    """The host to look up. The look-up itself happens outside any transaction."""
    return read(unit, organization_id, domain_id).host


def apply_answer(unit: UnitOfWork, organization_id: str, domain_id: str, answer: TxtAnswer) -> Domain | Refused:
    """Write down what a look-up found and what follows. A failed domain that is checked by hand starts anew."""
    unit.lock(organization_id)
    domain = read(unit, organization_id, domain_id)
    if domain.state == DomainState.FAILED and unit.actor.kind is not ActorKind.SYSTEM:
        domain.state, domain.created_at, domain.checks = DomainState.PENDING, unit.now, 0
    found = record_value(domain.token) in answer.values
    if found and domain.state != DomainState.VERIFIED:
        refused = _verify(unit, domain, how=_PROVEN)
        if refused is not None:
            _note(unit, read(unit, organization_id, domain_id), answer, found=False, refused=refused)
            return refused
        if unit.actor.kind is ActorKind.SYSTEM:  # whoever looks by hand sees it
            alarms.domain_verified(unit, organization_id, domain_id, host=domain.host)
    _note(unit, domain, answer, found=found)
    return domain


def verify_by_operator(unit: UnitOfWork, organization_id: str, domain_id: str) -> Domain | Refused:
    """An operator vouches for the domain; recorded as `manual`."""
    unit.lock(organization_id)
    domain = read(unit, organization_id, domain_id)
    if unit.actor.kind is not ActorKind.OPERATOR:
        forbidden = Refused(Code.DOMAIN_MANUAL_FORBIDDEN, "Only an operator may verify a domain without its record.")
        return unit.refuse(organization_id, EventType.DOMAIN_VERIFIED, forbidden, subject=domain_id)
    if domain.state == DomainState.VERIFIED:
        return domain
    refused = _verify(unit, domain, how=_VOUCHED)
    if refused is not None:
        return refused
    domain.next_check_at = None  # there may never be a record to look for
    return domain


def to_remove(unit: UnitOfWork, organization_id: str, domain_id: str) -> Planned[None]:
    """Give the domain up; refused while something active depends on it."""
    organization = unit.lock(organization_id)
    domain = read(unit, organization_id, domain_id)
    before = policy.current(unit.session, organization)
    lost = {domain.host} if domain.state == DomainState.VERIFIED else frozenset[str]()
    after = before.with_access(verified_hosts=before.access.verified_hosts - lost)

    def write(proof: Proof) -> None:
        unit.session.delete(domain)
        told = {"host": domain.host}
        unit.audit(organization_id, EventType.DOMAIN_REMOVED, subject=domain_id, before=told, proof=proof)
        unit.event(organization_id, EventType.DOMAIN_REMOVED, subject=domain_id, **told)

    return Planned(
        unit,
        organization_id,
        EventType.DOMAIN_REMOVED,
        write,
        propose=lambda: authority.propose(
            unit, organization_id, policy=before, change=Change(policy=after), by_person=True
        ),
        judged=may_remove(unit, domain),
        subject=domain_id,
    )


def may_remove(unit: UnitOfWork, domain: Domain) -> Decision:
    """Whether nothing active depends on the domain."""
    return prerequisites.remove_domain(
        is_verified=domain.state == DomainState.VERIFIED,
        sso_active=connections.active(unit.session, domain.organization_id) is not None,
        directory_active=directories.active(unit.session, domain.organization_id) is not None,
    )


def _judge(unit: UnitOfWork, host: str, claimed: Sequence[Domain], acting: Acting | None) -> Decision:
    is_first = not claimed
    if is_first and acting is None:
        return Refused(
            Code.ACTING_ADMIN_REQUIRED,
            "The first domain must be the one of an administrator's own address.",
            fix='Name the administrator with "on_behalf_of".',
        )
    return judge_claim(
        host,
        is_first=is_first,
        own_host=acting.host if acting else None,
        is_public_suffix=_public_suffixes().privatesuffix(host) is None,
        already_claimed=any(domain.host == host for domain in claimed),
    )


def _verify(unit: UnitOfWork, domain: Domain, *, how: str) -> Refused | None:
    """The host counts from now on: the guard is asked, because whoever is at that host now needs the identity
    provider, and is who the directory lists there.
    """
    owner = organizations.verified_domain(unit.session, domain.host)
    if owner is not None:
        refused = Refused(
            Code.DOMAIN_VERIFIED_ELSEWHERE,
            f"{domain.host} is verified by another organization.",
            fix="Ask the operator of this server to decide whose it is.",
        )
        return unit.refuse(domain.organization_id, EventType.DOMAIN_VERIFIED, refused, subject=domain.id)
    organization = unit.lock(domain.organization_id)
    before = policy.current(unit.session, organization)
    after = before.with_access(verified_hosts=before.access.verified_hosts | {domain.host})
    # Also the scheduler is refused: the domain then stays as it is, which locks nobody out.
    links = _waiting(unit, organization.id, after)
    known = links.concerned if links is not None else {}
    change = links.change(after) if links is not None else Change(policy=after)
    proposal = authority.propose(unit, organization.id, policy=before, change=change, by_person=True, known=known)
    if proposal.refused is not None:
        return unit.refuse(organization.id, EventType.DOMAIN_VERIFIED, proposal.refused, subject=domain.id)
    domain.state, domain.verified_at, domain.verified_by = DomainState.VERIFIED, unit.now, how
    if links is not None:
        links.write_all()
    settlements.carry_out(unit, organization.id, proposal)
    unit.audit(organization.id, EventType.DOMAIN_VERIFIED, subject=domain.id, after={"host": domain.host, "by": how})
    unit.event(organization.id, EventType.DOMAIN_VERIFIED, subject=domain.id, host=domain.host)
    return None


def _waiting(unit: UnitOfWork, organization_id: str, later: Policy) -> Linking | None:
    """Directory users whose host was not verified, and the members they are with it; None without a directory."""
    directory = directories.active(unit.session, organization_id)
    if directory is None:
        return None
    unit.flush()
    waiting = listings.users_waiting(unit.connection, directory.id, reason=UNVERIFIED_HOST)
    return effects.plan_links(unit, effects.endpoint_of(directory), waiting, later)


def _note(unit: UnitOfWork, domain: Domain, answer: TxtAnswer, *, found: bool, refused: Refused | None = None) -> None:
    """Write down what was found; `refused` says why a record that is there did not verify the domain."""
    was = DomainState(domain.state)
    was_missing, looked_before = domain.missing_since, domain.checked_at
    outcome = after_check(
        was,
        found=found,
        vouched=domain.verified_by == _VOUCHED,
        checks=domain.checks,
        created_at=domain.created_at,
        missing_since=was_missing,
        now=unit.now,
    )
    is_told = answer.problem is None or answer.no_such_name
    if not is_told:  # nothing was learned: nobody can say that the record is gone
        outcome = replace(outcome, missing_since=was_missing)
    domain.state, domain.next_check_at = outcome.state, outcome.next_check_at
    if found and domain.verified_by == _VOUCHED:
        domain.verified_by = _PROVEN
    domain.missing_since, domain.checked_at, domain.checks = outcome.missing_since, unit.now, domain.checks + 1
    domain.found = {
        "values": [value[:300] for value in answer.values[:_MAX_FOUND]],
        "problem": answer.problem,
        "servers": [_of_server(domain, one) for one in answer.servers],
    }
    if outcome.state is DomainState.FAILED and was is not DomainState.FAILED:
        unit.event(domain.organization_id, EventType.DOMAIN_FAILED, subject=domain.id, host=domain.host)
        alarms.domain_given_up(unit, domain.organization_id, domain.id, host=domain.host, refused=refused)
    missing_since = outcome.missing_since if is_told else None
    if missing_since is not None and was_missing is None:
        unit.event(domain.organization_id, EventType.DOMAIN_RECORD_MISSING, subject=domain.id, host=domain.host)
    if missing_since is not None and is_missed_long(missing_since, looked_before=looked_before, now=unit.now):
        alarms.domain_record_missing(unit, domain.organization_id, domain.id, host=domain.host, since=missing_since)


def _of_server(domain: Domain, answer: TxtAnswer) -> dict[str, object]:
    """What one name server of the zone said."""
    has_it = record_value(domain.token) in answer.values
    return {"server": answer.server, "matched": has_it, "problem": answer.problem}
