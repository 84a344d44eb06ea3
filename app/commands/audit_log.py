"""`doorward audit`: whether the audit log is what was written."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from app.commands.program import open_program
from app.factory import Program
from app.services import audit_chain, organizations
from app.services.rows import Organization
from app.services.unit_of_work import UnitOfWork


@click.group()
def audit() -> None:
    """The audit log."""


@audit.command("verify")
@click.option("--organization", "organization_id", help="Only this organization; otherwise all of them.")
@click.option(
    "--witness",
    metavar="POSITION:SEAL",
    multiple=True,
    help="What the server's log was told of this organization; shows whether its whole chain was put back or replaced.",
)
def audit_verify(organization_id: str | None, witness: tuple[str, ...]) -> None:
    """Check that nobody altered, removed, reordered or cut off entries behind the server's back.

    Exits with 0 only when all is well.
    """
    if witness and organization_id is None:
        raise click.UsageError("--witness needs --organization.")
    told = [_witness(one) for one in witness]
    program = open_program()
    with program.transactions.reading() as unit:
        chosen = [organizations.read(unit, organization_id)] if organization_id else list(_every_organization(unit))
        missing = audit_chain.missing_triggers(unit)
    for name in missing:
        click.echo(f"The database no longer keeps entries as they are: the trigger {name} is missing.")
    problems = len(missing) + sum(_verify(program, row.id, row.name, told) for row in chosen)
    click.echo("All is well." if not problems else f"{problems} {'problem' if problems == 1 else 'problems'} found.")
    sys.exit(1 if problems else 0)


def _every_organization(unit: UnitOfWork) -> Iterator[Organization]:
    after = ""
    while rows := organizations.page(unit, after=after, limit=500):
        yield from rows
        after = rows[-1].id


def _witness(text: str) -> tuple[int, str]:
    position, _, seal = text.partition(":")
    if not position.isdecimal() or not seal:
        raise click.BadParameter(
            "Give position and seal as they stand in the log, such as 120:5f0c.", param_hint="witness"
        )
    return int(position), seal


def _verify(program: Program, organization_id: str, name: str, told: list[tuple[int, str]]) -> int:
    """Walk one chain and print what is wrong with it as it is found; how much it is."""
    problems = 0
    with program.transactions.snapshot() as unit:
        for position, seal in told:
            if not audit_chain.is_as_told(unit, organization_id, position, seal):
                click.echo(f"{organization_id}  Position {position} is not what the log was told of.")
                problems += 1
        for finding in audit_chain.verify(unit, organization_id):
            click.echo(f"{organization_id}  {finding.sentence}")
            problems += 1
        figures = audit_chain.figures(unit, organization_id)
    click.echo(f"{organization_id}  {name}: {figures.sealed} sealed, {figures.waiting} waiting to be sealed.")
    return problems
