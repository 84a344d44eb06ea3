"""What Alembic runs: the migrations, on the connection it was given."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from app.store.database import UtcDateTime
from app.store.tables import METADATA


def plain_types(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations name plain types: what our own types do today must not change what a migration did then."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=True,
    compare_type=True,
    render_item=plain_types,
)
with context.begin_transaction():
    context.run_migrations()
