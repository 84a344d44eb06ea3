"""What tests of the audit chain do: write entries, seal them, tamper with the database, walk the chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from app.rules.actor import OPERATOR
from app.rules.audit_chain import Fault, Finding
from app.services import audit, audit_chain
from app.services.unit_of_work import Transactions
from app.store import audit_triggers
from tests.application import World


def write(world: World, organization_id: str, count: int, *, action: str = "role.updated") -> None:
    """So many entries, in one transaction."""
    with world.transactions.writing(OPERATOR) as unit:
        for number in range(count):
            unit.audit(organization_id, action, after={"number": number})


def findings(transactions: Transactions, organization_id: str) -> list[Finding]:
    """What is wrong with the chain."""
    with transactions.snapshot() as unit:
        return list(audit_chain.verify(unit, organization_id))


def faults(world: World, organization_id: str) -> list[tuple[Fault, int | None]]:
    """The same, by what was done at which position."""
    return [(finding.fault, finding.position) for finding in findings(world.transactions, organization_id)]


def positions(world: World, organization_id: str) -> dict[str, int | None]:
    """id of an entry -> its position, in the order of ids."""
    with world.transactions.reading() as unit:
        return {one.id: one.position for one in audit.feed(unit, organization_id, after="", limit=20_000)}


def drop_triggers(connection: Connection) -> None:
    """What somebody with all rights on the database does first."""
    for table in audit_triggers.KEPT:
        for what in ("changed", "deleted"):
            on = "" if connection.dialect.name == "sqlite" else f" ON {table}"
            connection.execute(text(f"DROP TRIGGER {table}_not_{what}{on}"))


def tamper(world: World, *statements: str, **values: Any) -> None:
    """Change the database behind the server's back, with the triggers out of the way."""
    with world.transactions.database.writing() as connection:
        drop_triggers(connection)
        for statement in statements:
            connection.execute(text(statement), values)
        connection.commit()


def scalars(world: World, statement: str, **values: Any) -> Sequence[Any]:
    """The first column of what a query finds."""
    with world.transactions.database.reading() as connection:
        return connection.execute(text(statement), values).scalars().all()
