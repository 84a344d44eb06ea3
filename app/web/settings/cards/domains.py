"""The card of the domains."""

from __future__ import annotations

from datetime import datetime

from app.rules.domains import RECORD_PREFIX, DomainState
from app.services.overview.domains import DomainFacts, LookUp, ServerLookUp
from app.web.moments import due_or_none, moment, moment_or_none
from app.web.presentation.authentication import DnsRecord, Domain, DomainCheck
from app.web.presentation.elements import ALLOWED, Fact
from app.web.settings.cards.dns_consoles import console_of
from app.web.settings.controls import control
from app.web.wording import count

_VERIFIED_BY = {"dns": "DNS record", "manual": "the operator"}


def domain(facts: DomainFacts, *, now: datetime) -> Domain:
    """One domain of the card."""
    return Domain(
        id=facts.id,
        host=facts.host,
        state=facts.state,
        record=DnsRecord(host=facts.host, value=facts.record),
        check=ALLOWED,
        remove=control(facts.may_remove),
        verified=moment_or_none(facts.verified_at, now=now),
        verified_how=_VERIFIED_BY.get(facts.verified_by, facts.verified_by),
        last_check=_check(facts.last, facts.host, now=now) if facts.last and _is_telling(facts) else None,
        next_check=due_or_none(facts.next_check_at, now=now),
        gives_up=moment_or_none(facts.gives_up_at, now=now),
        missing_since=moment_or_none(facts.missing_since, now=now),
        people=facts.people,
        console=console_of(one.server for one in facts.last.servers) if facts.last else None,
        vouch_command="" if facts.state is DomainState.VERIFIED else f"./doorward domain verify {facts.host}",
    )


def _is_telling(facts: DomainFacts) -> bool:
    """Of a domain that the operator vouched for, nobody wants to read that it has no record."""
    return facts.verified_by != "manual"


def _check(last: LookUp, host: str, *, now: datetime) -> DomainCheck:
    servers = tuple(Fact(one.server, _said(one)) for one in last.servers)
    return DomainCheck(moment(last.at, now=now), last.matched, found_in_words(last, host), last.values, servers)


def _said(server: ServerLookUp) -> str:
    if server.matched:
        return "has the record"
    return server.problem or "does not have the record"


def found_in_words(last: LookUp, host: str) -> str:
    """Exactly what the look-up found, as one sentence."""
    having = sum(one.matched for one in last.servers)
    if 0 < having < len(last.servers):
        return f"{having} of {len(last.servers)} name servers have the record."
    if last.matched:
        return "the record is there."
    if last.problem:
        return f"{last.problem}."
    if not last.values:
        return f"there is no TXT record at {host}."
    if any(RECORD_PREFIX in value for value in last.values):
        return f"there is a verification record at {host}, but with another value than the one above."
    others = count(len(last.values), "other TXT record is", "other TXT records are")
    return f"{others} at {host}, but not this one."
