"""`doorward keys`: which secret keys are still needed, and sealing anew what needs an older one."""

from __future__ import annotations

import sys

import click

from app.commands.program import open_program
from app.services import resealing
from app.services.resealing import KeyUse, Uses
from app.store.sealed import Codes

_CODES = (
    "Codes are kept as HMACs, which do not tell their key and cannot be made anew: those older than the first key stop"
    " working when their key goes."
)


@click.group()
def keys() -> None:
    """The secret keys of DOORWARD_SECRET_KEYS."""


@keys.command("check")
def keys_check() -> None:
    """Count what each key has sealed, and say what cannot be opened.

    Exits with 0 only when all that is sealed opens with the first key. Codes are not sealed: read what it says of them.
    """
    found = resealing.uses(open_program().transactions)
    _show(found)
    sys.exit(0 if found.all_open_with_first else 1)


@keys.command("reseal")
def keys_reseal() -> None:
    """Seal with the first key whatever an older one has sealed, and count as `check` does.

    The server may run, once all its processes were started with the same keys. May be run again at any time.
    """
    program = open_program()
    done = resealing.reseal(program.transactions)
    click.echo(f"{done} {'value' if done == 1 else 'values'} sealed anew.")
    found = resealing.uses(program.transactions)
    _show(found)
    sys.exit(0 if found.all_open_with_first else 1)


def _show(found: Uses) -> None:
    for use in found.keys:
        click.echo(f"{_name(use)}  {use.key_id}  {_values(use)}")
    for place in found.broken:
        click.echo(f"{place} was altered or moved, and does not open.")
    for name, codes in (("recovery codes", found.recovery_codes), ("backup codes", found.backup_codes)):
        if codes.oldest and codes.newest:
            click.echo(f"{codes.many} unused {name}, made {_days(codes)}.")
    if found.recovery_codes.many or found.backup_codes.many:
        click.echo(_CODES)
    if found.lost:
        click.echo("What was sealed with a key that is not configured cannot be opened without it.")
    if found.older_needed:
        click.echo("Older keys are still needed: run `doorward keys reseal`.")
    else:
        click.echo("Nothing that is sealed needs an older key.")


def _name(use: KeyUse) -> str:
    return f"key {use.number}" if use.number else "not configured"


def _values(use: KeyUse) -> str:
    tables = ", ".join(f"{many} {table}" for table, many in sorted(use.values.items()))
    return tables or "nothing"


def _days(codes: Codes) -> str:
    oldest, newest = f"{codes.oldest:%Y-%m-%d}", f"{codes.newest:%Y-%m-%d}"
    return f"on {oldest}" if oldest == newest else f"from {oldest} to {newest}"
