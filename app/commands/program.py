"""What every command starts from and how it ends: settings, the program, a refusal."""

from __future__ import annotations

import os

import click

from app.factory import Program, create_program
from app.rules.decisions import Refused
from config.settings import Settings, load_settings


def read_settings() -> Settings:
    """The settings; what is written from here on is its owner's business only: database, key, start link."""
    os.umask(0o077)
    return load_settings()


def open_program() -> Program:
    """The program over a database that is up to date; closed when the command has ended."""
    program = create_program(read_settings())
    click.get_current_context().call_on_close(program.close)
    return program


def refusal(refused: Refused) -> click.ClickException:
    """A refusal as the command ends with it, once the transaction has kept that it was refused."""
    return click.ClickException(f"{refused.sentence} {refused.fix or ''}".strip())
