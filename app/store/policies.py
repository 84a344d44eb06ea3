"""Queries: the settings that roles and ways in follow from, all in one statement, because every push asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    literal,
    literal_column,
    null,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.engine import Connection

from app.store.connections import Connection as SsoConnection
from app.store.directories import DIRECTORIES
from app.store.organizations import DOMAINS
from app.store.prepared import Prepared, Row
from app.store.roles import Role, RoleMapping

_CONNECTIONS = cast(Table, SsoConnection.__table__)
_ROLES = cast(Table, Role.__table__)
_MAPPINGS = cast(Table, RoleMapping.__table__)


@dataclass(slots=True)
class PolicyRows:
    """What is stored: priorities by role, mappings as (id, source, group, role), verified hosts, the revision of the
    connection in force and the active directory, where there is one.
    """

    priorities: dict[str, int] = field(default_factory=dict)
    mappings: list[tuple[str, str, str, str]] = field(default_factory=list)
    verified_hosts: set[str] = field(default_factory=set)
    sso_revision: str | None = None
    directory_id: str | None = None


def read_later(connection: Connection, organization_id: str) -> Callable[[], PolicyRows]:
    """The settings of one organization, as they are in this transaction; mappings oldest first."""
    answer = _READ.later(connection, {"organization": organization_id})
    return lambda: _policy_rows(answer.rows())


def _policy_rows(rows: Sequence[Row]) -> PolicyRows:
    found = PolicyRows()
    for kind, one, two, three, four, number in rows:
        match kind:
            case "role":
                found.priorities[one] = number
            case "mapping":
                found.mappings.append((one, two, three, four))
            case "host":
                found.verified_hosts.add(one)
            case "connection":
                found.sso_revision = one
            case _:
                found.directory_id = one
    found.mappings.sort()
    return found


def _part(kind: str, table: Table, *columns: Any, number: Any = None, where: Any = None) -> Select[Any]:
    texts = [*columns, *([type_coerce(null(), String)] * (4 - len(columns)))]
    last = type_coerce(null(), Integer) if number is None else number
    query = select(literal(kind).label("kind"), *texts, last).where(
        table.c.organization_id == bindparam("organization")
    )
    return query if where is None else query.where(where)


def _is(column: Column[str], state: str) -> ColumnElement[bool]:
    """Spelled out, so that the partial indexes of these states serve."""
    return column == literal_column(f"'{state}'")


_PARTS = union_all(
    _part("role", _ROLES, _ROLES.c.slug, number=_ROLES.c.priority),
    _part("mapping", _MAPPINGS, _MAPPINGS.c.id, _MAPPINGS.c.source, _MAPPINGS.c.group_ref, _MAPPINGS.c.role),
    _part("host", DOMAINS, DOMAINS.c.host, where=_is(DOMAINS.c.state, "verified")),
    _part("connection", _CONNECTIONS, _CONNECTIONS.c.revision_in_force, where=_is(_CONNECTIONS.c.state, "active")),
    _part("directory", DIRECTORIES, DIRECTORIES.c.id, where=_is(DIRECTORIES.c.state, "active")),
)
_READ = Prepared(_PARTS)
