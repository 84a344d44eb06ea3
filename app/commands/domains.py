"""`doorward domain`: what an operator can vouch for."""

from __future__ import annotations

import click

from app.commands.program import open_program, refusal
from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.rules.domains import normalize_host
from app.rules.errors import ConflictError, NotFoundError
from app.services import domains, organizations
from app.services.rows import Domain
from app.services.unit_of_work import UnitOfWork


@click.group()
def domain() -> None:
    """Domains."""


@domain.command("verify")
@click.argument("host")
@click.option("--organization", "organization_id", help="Whose domain is meant, where several organizations added it.")
def domain_verify(host: str, organization_id: str | None) -> None:
    """Vouch for a domain an organization has added, without its DNS record.

    Everyone at HOST can be made to sign in through that organization's identity provider from then on.
    """
    program = open_program()
    with program.transactions.writing(OPERATOR) as unit:
        claim = _claim(unit, normalize_host(host), organization_id)
        owner = organizations.read(unit, claim.organization_id)
        done = f"{claim.host} is verified for {owner.name} ({owner.id})."
        outcome = domains.verify_by_operator(unit, owner.id, claim.id)
    if isinstance(outcome, Refused):
        raise refusal(outcome)
    click.echo(done)


def _claim(unit: UnitOfWork, host: str, organization_id: str | None) -> Domain:
    """The one claim on a host that is meant."""
    claims = [one for one in domains.claims_on(unit, host) if organization_id in (None, one.organization_id)]
    if not claims:
        who = "This organization has not" if organization_id else "No organization has"
        raise NotFoundError(f"{who} added {host} under Domains yet.")
    if len(claims) > 1:
        ids = ", ".join(one.organization_id for one in claims)
        raise ConflictError(f"Several organizations have added {host}; name one with --organization: {ids}.")
    return claims[0]
