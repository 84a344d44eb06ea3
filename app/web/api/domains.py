"""Domains as JSON: claimed, looked up, verified, removed."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.rules.decisions import Code, Refused
from app.rules.domains import DomainState, record_value
from app.services import domains, organizations
from app.services.connections import acting_of
from app.services.plans import Planned
from app.services.rows import Domain, Member
from app.web import request as current
from app.web.api import acting as on_behalf
from app.web.api.operations import CONFLICT, GUARDED, operation
from app.web.api.paging import Page, PageQuery, page_of_all
from app.web.api.shapes import Answer, ChangeBody, ChangeQuery

_CLAIMS = (
    Code.ACTING_ADMIN_REQUIRED,
    Code.DOMAIN_CLAIMED,
    Code.DOMAIN_LOOKALIKE,
    Code.DOMAIN_NOT_YOUR_OWN,
    Code.DOMAIN_PUBLIC_PROVIDER,
    Code.DOMAIN_PUBLIC_SUFFIX,
)


class NewDomain(ChangeBody):
    host: Annotated[str, StringConstraints(min_length=1, max_length=253)]


class Verification(ChangeBody):
    strategy: Literal["dns", "manual"] = Field(
        "dns",
        description="`dns` looks the record up now; `manual` is the operator vouching for the domain without a record,"
        " as `doorward domain verify` does on the host.",
    )


class DnsRecord(Answer):
    type: Literal["TXT"]
    name: str
    value: str


class NameServer(Answer):
    server: str
    matched: bool = Field(description="Whether it has the record.")
    problem: str | None


class Found(Answer):
    values: list[str]
    problem: str | None
    servers: list[NameServer] = Field([], description="Each name server of the zone, as far as they could be asked.")


class DomainAnswer(Answer):
    id: str
    host: str
    state: DomainState
    dns_record: DnsRecord = Field(description="What to publish, at the host itself.")
    created_at: datetime
    verified_at: datetime | None
    verified_by: str | None = Field(description="`dns` or `manual`.")
    checked_at: datetime | None
    next_check_at: datetime | None
    missing_since: datetime | None = Field(description="Since when a verified domain's record is gone.")
    found: Found | None = Field(description="What the last look-up saw.")


@operation("POST", "/organizations/{org}/domains", body=NewDomain, answer=DomainAnswer, status=HTTPStatus.CREATED,
           codes=_CLAIMS)  # fmt: skip
def claim_domain(org: str, body: NewDomain, acting: Member | None) -> DomainAnswer | Refused:
    """Claim an email host; the DNS record to publish is in the answer.

    The first domain must be the one of the administrator named by `on_behalf_of`.
    """
    claimed = domains.claim(
        current.unit(), org, host=body.host, acting=acting_of(on_behalf.whose_address_is_proven(acting))
    )
    return claimed if isinstance(claimed, Refused) else show_domain(claimed)


@operation("GET", "/organizations/{org}/domains", query=PageQuery, answer=Page[DomainAnswer])
def list_domains(org: str, query: PageQuery) -> Page[DomainAnswer]:
    """List the organization's domains, oldest first."""
    unit = current.unit()
    organizations.read(unit, org)
    return page_of_all(query, domains.all_of(unit, org), show_domain)


@operation("GET", "/organizations/{org}/domains/{dom}", answer=DomainAnswer)
def read_domain(org: str, dom: str) -> DomainAnswer:
    """Read one domain."""
    return show_domain(domains.read(current.unit(), org, dom))


@operation("POST", "/organizations/{org}/domains/{dom}/verify", body=Verification, answer=DomainAnswer,
           codes=(CONFLICT, Code.DOMAIN_VERIFIED_ELSEWHERE, Code.DOMAIN_MANUAL_FORBIDDEN, *GUARDED))  # fmt: skip
def verify_domain(org: str, dom: str, body: Verification) -> DomainAnswer | Refused:
    """Look the domain's record up now, or vouch for it.

    A record that is not there is no error: the state stays what it was and `found` says what was seen.
    """
    transactions = current.transactions()
    with transactions.reading() as unit:
        host = domains.question(unit, org, dom)
    seen = transactions.ports.dns.txt(host) if body.strategy == "dns" else None
    with on_behalf.writing(org, body.on_behalf_of) as (unit, _):
        if seen is None:
            verified = domains.verify_by_operator(unit, org, dom)
        else:
            verified = domains.apply_answer(unit, org, dom, seen)
        return verified if isinstance(verified, Refused) else show_domain(verified)


@operation("DELETE", "/organizations/{org}/domains/{dom}", query=ChangeQuery,
           codes=(Code.DOMAIN_IN_USE, *GUARDED), plans=True)  # fmt: skip
def remove_domain(org: str, dom: str) -> Planned[None]:
    """Give a domain up; refused while something active depends on it."""
    return domains.to_remove(current.unit(), org, dom)


def show_domain(domain: Domain) -> DomainAnswer:
    """A domain as JSON."""
    record = DnsRecord(type="TXT", name=domain.host, value=record_value(domain.token))
    return DomainAnswer.of(domain, dns_record=record)


OPERATIONS = (claim_domain, list_domains, read_domain, verify_domain, remove_domain)
