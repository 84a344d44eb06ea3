"""The schema in the database: brought to the newest revision, or compared with it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from app.rules.errors import ConflictError
from app.store import audit_triggers
from app.store.tables import METADATA

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x0D00_12A2D  # of PostgreSQL's advisory locks: two starts at once migrate one after the other


def upgrade(engine: Engine) -> None:
    """Run every migration that is missing, in one transaction per start; two at once wait for each other.

    Raises ConflictError for a database that a newer program has migrated.
    """
    with engine.execution_options(doorward_writes=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        _refuse_newer(connection)
        command.upgrade(_config(connection), "head")


def require_current(engine: Engine) -> None:
    """Raises ConflictError with what to do, unless the database is at the newest schema."""
    with engine.connect() as connection:
        _refuse_newer(connection)
    if not is_current(engine):
        raise ConflictError("The database is not of this version of Doorward: run `doorward database upgrade` first.")


def refuse_unknown(engine: Engine) -> None:
    """Raises ConflictError for a database that is none of Doorward, or that a newer program has migrated."""
    with engine.connect() as connection:
        if not _refuse_newer(connection):
            raise ConflictError("This is no database of Doorward.")


def analyze(engine: Engine) -> None:
    """Gather statistics on SQLite, from a thousand rows an index; PostgreSQL does so by itself."""
    if engine.dialect.name != "sqlite":
        return
    with engine.execution_options(doorward_writes=True).begin() as connection:
        connection.exec_driver_sql("PRAGMA analysis_limit=1000")
        connection.exec_driver_sql("ANALYZE")


def is_current(engine: Engine) -> bool:
    """Whether the database is at the newest revision."""
    with engine.connect() as connection:
        heads = set(ScriptDirectory.from_config(_config(connection)).get_heads())
        return set(MigrationContext.configure(connection).get_current_heads()) == heads


def differences(engine: Engine) -> list[str]:
    """Where the database differs from the models; empty when it does not."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = [str(difference) for difference in compare_metadata(context, METADATA)]
        return found + [f"the trigger {name} is missing" for name in audit_triggers.missing(connection)]


def new_revision(engine: Engine, message: str) -> None:
    """Write a migration from what the models say now, numbered after the newest; for developers."""
    with engine.connect() as connection:
        config = _config(connection)
        number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
        command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04d}")


def _refuse_newer(connection: Connection) -> set[str]:
    """The revisions that the database is at, all of which this program knows."""
    known = {script.revision for script in ScriptDirectory.from_config(_config(connection)).walk_revisions()}
    found = set(MigrationContext.configure(connection).get_current_heads())
    if not found <= known:
        raise ConflictError("This database belongs to a newer version of Doorward than this one; start that one.")
    return found


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
