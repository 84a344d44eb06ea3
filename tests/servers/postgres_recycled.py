"""A PostgreSQL database that is as good as new for each test, without being made anew: copying a template takes longer
than most tests do, deleting the rows that one has left a fraction of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from tests.servers.postgres import PostgresServer

_END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# A change of the schema writes rows of these; VACUUM and ANALYZE write theirs in place. Below 16384 are its own.
_SCHEMA = """
    SELECT count(*), sum(xmin::text::bigint) FROM (
        SELECT xmin FROM pg_class WHERE oid >= 16384
        UNION ALL SELECT xmin FROM pg_attribute WHERE attrelid >= 16384
        UNION ALL SELECT xmin FROM pg_constraint WHERE oid >= 16384
        UNION ALL SELECT xmin FROM pg_trigger
        UNION ALL SELECT xmin FROM pg_proc WHERE oid >= 16384
    )
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_SEQUENCES = """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE last_value IS NOT NULL
"""


@dataclass
class RecycledDatabase:
    """One copy of a template: emptied while its schema is the template's, made again when it is not."""

    server: PostgresServer
    template: str
    _url: str = ""
    _schema: object = None
    _kept: frozenset[str] = frozenset()

    def fresh(self) -> str:
        """The SQLAlchemy URL of the database, holding what the template holds; whoever is connected is thrown out."""
        if not self._url:
            self._url = self.server.create_database(template=self.template)
            self._remember()
        elif not self._emptied():
            self.server.drop_database(self._url)
            self.server.create_database(template=self.template, name=self._name)
            self._remember()
        return self._url

    @property
    def _name(self) -> str:
        return self._url.partition("@/")[2].partition("?")[0]

    def _remember(self) -> None:
        with self._connected() as connection:
            self._schema = connection.execute(_SCHEMA).fetchone()
            self._kept = _filled(connection)

    def _emptied(self) -> bool:
        """Whether the rows were all there was to take back."""
        with self._connected() as connection:
            connection.execute(_END_OTHERS)
            if connection.execute(_SCHEMA).fetchone() != self._schema:
                return False
            with connection.transaction():
                # No foreign key and no trigger is asked: rows refer to each other in circles, and the audit log stays.
                connection.execute("SET LOCAL session_replication_role = replica")
                for table in _filled(connection) - self._kept:
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                connection.execute(_SEQUENCES)
            return True

    def _connected(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.server.directory), user="postgres", dbname=self._name, autocommit=True)


def _filled(connection: psycopg.Connection) -> frozenset[str]:
    """The tables with rows in them."""
    tables = [name for (name,) in connection.execute(_TABLES)]
    asked = (
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(name), sql.Identifier(name))
        for name in tables
    )
    return frozenset(name for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(asked)))
