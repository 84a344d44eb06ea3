"""`doorward database`: the schema."""

from __future__ import annotations

import sys

import click
from sqlalchemy import Engine

from app.commands.program import open_program, read_settings
from app.factory import create_program
from app.store import schema
from config.settings import Settings


@click.group()
def database() -> None:
    """The database schema."""


@database.command("upgrade")
def database_upgrade() -> None:
    """Run the migrations that are missing."""
    prepare(read_settings())
    click.echo("The database is up to date.")


@database.command("check")
def database_check() -> None:
    """Compare the database with the models; exits with 1 where they differ."""
    differences = schema.differences(_engine())
    for difference in differences:
        click.echo(difference)
    sys.exit(1 if differences else 0)


@database.command("revision")
@click.argument("message")
def database_revision(message: str) -> None:
    """For developers: write the migration from this database to what the models say now."""
    schema.new_revision(_engine(), message)


def prepare(settings: Settings) -> None:
    """The folder of a SQLite database, and the newest schema."""
    if settings.sqlite_path is not None:
        settings.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_program(settings).transactions.database.engine
    schema.upgrade(engine)
    engine.dispose()


def _engine() -> Engine:
    return open_program(of_any_schema=True).transactions.database.engine
