"""Copies of a SQLite database: one made while the server runs, and the way back from one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from app.rules.errors import ConflictError, NotFoundError
from app.store import schema


def back_up(database: Path, to: Path) -> None:
    """Copy a database as it is at one moment into a new file for its owner only. Nobody who writes waits for it.

    Raises ConflictError where the file exists or the copy is not sound, NotFoundError where there is no database.
    """
    if not database.is_file():
        raise NotFoundError(f"There is no database at {database}.")
    try:
        _claim(to)
    except FileExistsError:
        raise ConflictError(f"{to} exists already; name a new file.") from None
    try:
        with _copied(database, beside=to) as copy:
            copy.replace(to)
    except BaseException:  # an interrupt too: an empty file must not look like a backup
        to.unlink()
        raise


def restore(copy: Path, database: Path, *, replace: bool) -> Path | None:
    """Put a copy where a database is to be; where the one that was there is kept, if there was one.

    Raises NotFoundError where there is no copy, ConflictError where it is not one of a schema that this version knows,
    where a database is there that is not to be replaced or is in use, or where leftovers of one are.
    """
    if not copy.is_file():
        raise NotFoundError(f"There is no file {copy}.")
    _check(copy)
    is_there = database.is_file() and not _is_empty(database)
    if is_there and not replace:
        raise ConflictError(f"There is a database at {database}; name it with --replace to put the copy in its place.")
    if not database.exists() and (left := [one for one in _companions(database) if one.exists()]):
        raise ConflictError(f"{left[0]} is left of another database and would be read as newer; move it away first.")
    kept = database.with_name(f"{database.name}.before-restore") if is_there else None
    if kept is not None and kept.exists():
        raise ConflictError(f"{kept} is there from the last time; move it away first.")
    database.parent.mkdir(parents=True, exist_ok=True)
    with _copied(copy, beside=database) as made:
        if database.exists():
            _settle(database)
        if kept is not None:
            database.rename(kept)
        made.replace(database)
    return kept


@contextmanager
def _copied(source: Path, *, beside: Path) -> Iterator[Path]:
    """A sound copy as one file in the same folder, to be moved away; deleted where it was not."""
    made = beside.with_name(f"{beside.name}.partial")
    made.unlink(missing_ok=True)
    _claim(made)
    try:
        with closing(_look(source)) as old, closing(sqlite3.connect(made)) as new:
            old.backup(new)  # in one step: in several it would begin anew with every commit of somebody else
            new.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            ((verdict,), *_) = new.execute("PRAGMA quick_check").fetchall()
        if verdict != "ok":
            raise ConflictError(f"The copy of {source} is not sound: {verdict}")
        yield made
    except sqlite3.Error as error:
        raise ConflictError(f"{source} could not be copied: {error}.") from error
    finally:
        made.unlink(missing_ok=True)


def _check(copy: Path) -> None:
    engine = create_engine("sqlite://", creator=lambda: _look(copy), poolclass=NullPool)
    try:
        schema.refuse_unknown(engine)
    except DatabaseError as error:
        raise ConflictError(f"{copy} is not a database: {error.orig}.") from error


def _is_empty(database: Path) -> bool:
    """Whether this is no more than what a command leaves where it found no database."""
    try:
        with closing(_look(database)) as connection:
            return not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except sqlite3.Error:
        return False


def _settle(database: Path) -> None:
    """Carry the log over into the file, which takes that nobody else has the database open."""
    try:
        with closing(sqlite3.connect(database, timeout=0)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise ConflictError(
            f"{database} cannot be replaced: {error}. Stop every process of Doorward; where it is damaged, move it away"
            " together with its -wal and -shm."
        ) from error


def _companions(database: Path) -> list[Path]:
    return [database.with_name(database.name + suffix) for suffix in ("-wal", "-journal")]


def _claim(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _look(path: Path) -> sqlite3.Connection:
    """A connection to a file that is there, to read from. Not `mode=ro`, which leaves a log and an index behind."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
    connection.execute("PRAGMA query_only = ON")
    return connection
