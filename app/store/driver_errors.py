"""Errors of a driver that was spoken to directly, as SQLAlchemy would raise them."""

from __future__ import annotations

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError


def translated(connection: Connection, statement: str, error: BaseException) -> BaseException:
    """The same error in SQLAlchemy's words; whatever is none of the driver's stays as it is.

    A connection that is gone leaves the pool, and so does what was opened before now, when it is wanted next: it went
    the same way.
    """
    dialect = connection.dialect
    dbapi = dialect.loaded_dbapi
    if not isinstance(error, dbapi.Error):
        return error
    is_gone = dialect.is_disconnect(error, connection.connection, None)
    wrapped = DBAPIError.instance(
        statement, {}, error, dbapi.Error, hide_parameters=True, connection_invalidated=is_gone, dialect=dialect
    )
    if is_gone:
        connection.engine.pool._invalidate(connection.connection, error)  # noqa: SLF001 (as SQLAlchemy itself does it)
        connection.invalidate(error)
    return wrapped
