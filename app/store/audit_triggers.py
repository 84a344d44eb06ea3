"""Triggers that keep what the audit log says: nothing changes or deletes an entry or a seal while its organization is
there. Deleting the organization itself takes its log along.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.engine import Connection

#: By table: what stands in it, for the sentence of the error.
KEPT = ("audit_entries", "audit_seals")
_NAMES = frozenset(f"{table}_{what}" for table in KEPT for what in ("not_changed", "not_deleted"))
_FIND = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE relnamespace = current_schema()::regnamespace AND tgenabled IN ('O', 'A')"
    ),
}


def missing(connection: Connection) -> list[str]:
    """The names of triggers that should be there and are not, or do not fire."""
    names = _NAMES if connection.dialect.name == "sqlite" else _NAMES | {f"{table}_not_emptied" for table in KEPT}
    return sorted(names - set(connection.execute(text(_FIND[connection.dialect.name])).scalars()))
