"""`doorward organization`: organizations, their API keys and their certificates."""

from __future__ import annotations

from datetime import timedelta

import click

from app.commands.program import open_program
from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.services import key_pairs, organization_keys, organizations


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


@organization.group("certificate")
def organization_certificate() -> None:
    """The certificate with which an organization signs and decrypts at SAML identity providers.

    To replace it: new, give the new one to the provider, sign, and once the provider encrypts for it, retire.
    """


@organization_certificate.command("new")
@click.argument("organization_id")
def organization_certificate_new(organization_id: str) -> None:
    """Make a second certificate. Both decrypt; metadata names both and asks to encrypt for the new one."""
    with open_program().transactions.writing(OPERATOR) as unit:
        made = key_pairs.add_second(unit, organization_id)
        click.echo(f"{made.id}  until {made.expires_at:%Y-%m-%d}")


@organization_certificate.command("sign")
@click.argument("organization_id")
def organization_certificate_sign(organization_id: str) -> None:
    """Sign requests with the second certificate from now on."""
    with open_program().transactions.writing(OPERATOR) as unit:
        click.echo(f"{key_pairs.sign_with_second(unit, organization_id).id}  signs")


@organization_certificate.command("retire")
@click.argument("organization_id")
def organization_certificate_retire(organization_id: str) -> None:
    """Delete the old certificate: a provider that still encrypts for it lets nobody in any more."""
    with open_program().transactions.writing(OPERATOR) as unit:
        click.echo(f"{key_pairs.retire_first(unit, organization_id).id}  is the only one")
