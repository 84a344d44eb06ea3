"""`doorward directory`: directories and their tokens."""

from __future__ import annotations

import click

from app.commands.program import open_program, refusal
from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.services import directories, directory_tokens
from app.services.directories import Provider


@click.group()
def directory() -> None:
    """Directories."""


@directory.command("create")
@click.argument("organization_id")
@click.option("--name", default="Directory", show_default=True)
@click.option("--provider", type=click.Choice([provider.value for provider in Provider]), default="generic")
def directory_create(organization_id: str, name: str, provider: str) -> None:
    """Make a directory and a token; prints what to paste into the identity provider, once."""
    with open_program().transactions.writing(OPERATOR) as unit:
        created = directories.to_create(unit, organization_id, name=name, provider=Provider(provider)).apply()
        if not isinstance(created, Refused):
            unit.session.flush()
            token = directory_tokens.add(unit, organization_id, created.id, label="command line")
            assert not isinstance(token, Refused), "an operator is never on hold"
            click.echo(
                f"directory  {created.id}\nbase URL   {directories.base_url(unit, created)}\ntoken      {token.secret}"
            )
    if isinstance(created, Refused):
        raise refusal(created)
