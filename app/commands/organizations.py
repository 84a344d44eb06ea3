"""`doorward organization`: organizations and their API keys."""

from __future__ import annotations

from datetime import timedelta

import click

from app.commands.program import open_program
from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.services import organization_keys, organizations


@click.group()
def organization() -> None:
    """Organizations."""


@organization.command("create")
@click.argument("name")
@click.argument("admin_email")
def organization_create(name: str, admin_email: str) -> None:
    """Make an organization with its first administrator."""
    program = open_program()
    with program.transactions.writing(OPERATOR) as unit:
        created = organizations.create(unit, name=name, admin_email=admin_email)
        click.echo(f"{created.organization.id}  {created.organization.name}  admin {created.admin.email}")


@organization.command("list")
def organization_list() -> None:
    """List organizations."""
    with open_program().transactions.reading(OPERATOR) as unit:
        for row in organizations.page(unit, after="", limit=10_000):
            click.echo(f"{row.id}  {row.name}")


@organization.group("key")
def organization_key() -> None:
    """The API keys of an organization."""


@organization_key.command("create")
@click.argument("organization_id")
@click.option("--label", default="command line", show_default=True, help="What the audit log calls who acts with it.")
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it expires; without it, it never does.")
def organization_key_create(organization_id: str, label: str, days: int | None) -> None:
    """Make a key with which a program may act for one organization; prints it, once."""
    with open_program().transactions.writing(OPERATOR) as unit:
        expires_at = unit.now + timedelta(days=days) if days else None
        made = organization_keys.add(unit, organization_id, label=label, expires_at=expires_at)
        assert not isinstance(made, Refused), "an operator is never on hold"
        click.echo(f"key    {made.row.id}\ntoken  {made.secret}")
