"""What every command starts from and how it ends: settings, the program, a refusal."""

from __future__ import annotations

import os
from pathlib import Path

import click

from app.factory import Program, create_program
from app.rules.decisions import Refused
from app.store import schema
from config.settings import Settings, load_settings

_ORIGIN_FILE = Path("var/base_url")


def read_settings() -> Settings:
    """The settings; what is written from here on is its owner's business only: database, key, start link."""
    os.umask(0o077)
    return load_settings()


def open_program(*, of_any_schema: bool = False) -> Program:
    """The program over its database; closed when the command has ended.

    Raises ConflictError where the database is not at the newest schema, unless it may be at any.
    """
    program = create_program(read_settings())
    click.get_current_context().call_on_close(program.close)
    if not of_any_schema:
        schema.require_current(program.transactions.database.engine)
    return program


def origin(settings: Settings) -> str:
    """The address that printed links begin with: as set, else where `serve` last said that it is, on this machine.

    Whoever starts the server with `DOORWARD_BIND` does not set it again for each command.
    """
    if "base_url" in settings.model_fields_set or not _ORIGIN_FILE.is_file():
        return settings.base_url
    return _ORIGIN_FILE.read_text("utf-8").strip() or settings.base_url


def remember_origin(settings: Settings) -> None:
    """Have `origin` find the address of this server."""
    _ORIGIN_FILE.parent.mkdir(parents=True, exist_ok=True)
    _ORIGIN_FILE.write_text(settings.base_url + "\n", "utf-8")


def refusal(refused: Refused) -> click.ClickException:
    """A refusal as the command ends with it, once the transaction has kept that it was refused."""
    return click.ClickException(f"{refused.sentence} {refused.fix or ''}".strip())
