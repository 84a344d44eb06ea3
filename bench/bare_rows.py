"""Rows without a library between: users, groups' members and a token, in SQLite or PostgreSQL."""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg

from bench.people import SMALL_GROUP, Population, user_body

TOKEN = "token-of-the-bare-rows"
_TABLES = (
    "CREATE TABLE tokens (digest {bytes} PRIMARY KEY)",
    (
        "CREATE TABLE users (id {text} PRIMARY KEY, user_name {text} NOT NULL UNIQUE,"
        " external_id {text} NOT NULL UNIQUE, document {bytes} NOT NULL)"
    ),
    "CREATE TABLE memberships (group_id {text}, user_id {text}, PRIMARY KEY (group_id, user_id))",
)
_TYPES = {
    "sqlite": {"bytes": "BLOB", "text": "TEXT"},
    # Compared as bytes, as SQLite does, so that both keep their indexes in the same order for the same price.
    "postgresql": {"bytes": "BYTEA", "text": 'TEXT COLLATE "C"'},
}


class Rows:
    """One connection in autocommit. SQLite's `?` stands in the statements; psycopg gets its own marker."""

    def __init__(self, connection: Any, *, sqlite: bool) -> None:
        self._connection = connection
        self._begin = "BEGIN IMMEDIATE" if sqlite else "BEGIN"
        self._lock = "" if sqlite else " FOR UPDATE"
        self._marker = "?" if sqlite else "%s"

    def user(self, column: str, value: str, digest: bytes) -> tuple[bytes | None] | None:
        """The document, without one when nobody is there, None when nobody has this token."""
        statement = f"SELECT u.document FROM tokens t LEFT JOIN users u ON u.{column} = ? WHERE t.digest = ?"
        found: tuple[bytes | None] | None = self.run(statement, value, digest).fetchone()
        return found

    def page(self, offset: int, count: int, digest: bytes) -> tuple[int, list[bytes]] | None:
        """How many users there are, and the documents of a page in the order of their ids."""
        counted = self.run("SELECT (SELECT count(*) FROM users) FROM tokens WHERE digest = ?", digest).fetchone()
        if counted is None:
            return None
        found = self.run("SELECT document FROM users ORDER BY id LIMIT ? OFFSET ?", count, offset).fetchall()
        return counted[0], [row[0] for row in found]

    @contextmanager
    def writing(self, digest: bytes) -> Iterator[bool]:
        """A transaction that is committed at the end; whether the token is known."""
        self._connection.execute(self._begin)
        try:
            yield self.run("SELECT 1 FROM tokens WHERE digest = ?", digest).fetchone() is not None
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def locked(self, user_id: str) -> bytes | None:
        """The document of a user whom nobody else can change until the end of the transaction."""
        found = self.run(f"SELECT document FROM users WHERE id = ?{self._lock}", user_id).fetchone()
        return None if found is None else bytes(found[0])

    def insert(self, user_id: str, user_name: str, external_id: str, document: bytes) -> None:
        self.run("INSERT INTO users VALUES (?, ?, ?, ?)", user_id, user_name, external_id, document)

    def update(self, user_id: str, user_name: str, external_id: str, document: bytes) -> None:
        self.run(
            "UPDATE users SET user_name = ?, external_id = ?, document = ? WHERE id = ?",
            *(user_name, external_id, document, user_id),
        )

    def add_member(self, group_id: str, user_id: str) -> None:
        self.run("INSERT INTO memberships VALUES (?, ?) ON CONFLICT DO NOTHING", group_id, user_id)

    def remove_member(self, group_id: str, user_id: str) -> None:
        self.run("DELETE FROM memberships WHERE group_id = ? AND user_id = ?", group_id, user_id)

    def is_member(self, group_id: str, user_id: str) -> bool:
        statement = "SELECT 1 FROM memberships WHERE group_id = ? AND user_id = ?"
        return self.run(statement, group_id, user_id).fetchone() is not None

    def close(self) -> None:
        self._connection.close()

    def run(self, statement: str, *values: object) -> Any:
        """One statement, whose values stand behind it."""
        return self._connection.execute(statement.replace("?", self._marker), values)


def open_rows(url: str) -> Rows:
    """A path of SQLite, or a connection string of PostgreSQL."""
    if _kind(url) == "postgresql":
        return Rows(psycopg.connect(url, autocommit=True), sqlite=False)
    connection = sqlite3.connect(url, isolation_level=None, timeout=30)
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")
    return Rows(connection, sqlite=True)


def fill(url: str, users: int) -> Population:
    """Tables, a token, the users, a small and a large group."""
    rows = open_rows(url)
    for table in _TABLES:
        rows.run(table.format(**_TYPES[_kind(url)]))
    rows.run("INSERT INTO tokens VALUES (?)", hashlib.sha256(TOKEN.encode()).digest())
    ids = [str(uuid.uuid4()) for _ in range(users)]
    people = Population(ids, "small", "large")
    with rows.writing(b""):
        for number, user_id in enumerate(ids):
            body = user_body(number)
            rows.insert(user_id, body["userName"], body["externalId"], orjson.dumps({"id": user_id, **body}))
            rows.add_member(people.large, user_id)
        for user_id in ids[:SMALL_GROUP]:
            rows.add_member(people.small, user_id)
    rows.run("ANALYZE")
    rows.close()
    return people


def _kind(url: str) -> str:
    return "postgresql" if url.startswith("postgresql:") else "sqlite"
