"""`doorward database`: the schema, and copies of a SQLite database."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from sqlalchemy import Engine

from app.commands.program import open_program, read_settings
from app.factory import create_program
from app.store import copies, schema
from config.settings import Settings


@click.group()
def database() -> None:
    """The database: its schema, and copies of it."""


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


@database.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
def database_backup(file: Path) -> None:
    """Copy a SQLite database into a new FILE, while the server runs. The secret keys are not in it."""
    copies.back_up(_sqlite_path("pg_dump"), file)
    click.echo(f"{file} is a copy of the database. Keep the secret keys too, in another place.")


@database.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", type=click.Path(path_type=Path), help="The database that may be replaced; it is kept aside.")
def database_restore(file: Path, replace: Path | None) -> None:
    """Put a copy of a SQLite database where the settings say that the database is. Stop every process first."""
    path = _sqlite_path("pg_restore")
    if replace is not None and replace.absolute() != path:
        raise click.UsageError(f"The database is {path}, not {replace}.")
    kept = copies.restore(file, path, replace=replace is not None)
    if kept is not None:
        click.echo(f"What was there is {kept} now.")
    click.echo(f"{path} is as {file} was. Before you start: `doorward database upgrade`, `doorward audit verify`.")


def _sqlite_path(instead: str) -> Path:
    path = read_settings().sqlite_path
    if path is None:
        raise click.ClickException(f"This is for SQLite; with PostgreSQL use {instead}, see docs/operations.md.")
    return path


def prepare(settings: Settings) -> None:
    """The folder of a SQLite database, and the newest schema."""
    if settings.sqlite_path is not None:
        settings.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_program(settings).transactions.database.engine
    schema.upgrade(engine)
    engine.dispose()


def _engine() -> Engine:
    return open_program(of_any_schema=True).transactions.database.engine
