"""The address of an attempt to sign in is a column, by which attempts are found; sign-ins under way are found among
those that are over.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_RECORDS = sa.table("sign_in_records", sa.column("id"), sa.column("email"), sa.column("detail", sa.JSON))
_AT_ONCE = 1_000


def upgrade() -> None:
    op.add_column("sign_in_records", sa.Column("email", sa.String(), server_default="", nullable=False))
    is_open = sa.text("spent_at IS NULL")
    op.create_index(
        "ix_sign_in_flows_open", "sign_in_flows", ["expires_at"], sqlite_where=is_open, postgresql_where=is_open
    )
    # Read here, because PostgreSQL refuses to look into JSON that holds half a character, as providers may send.
    database, reached = op.get_bind(), ""
    write = sa.update(_RECORDS).where(_RECORDS.c.id == sa.bindparam("of")).values(email=sa.bindparam("address"))
    page = sa.select(_RECORDS.c.id, _RECORDS.c.detail).order_by(_RECORDS.c.id).limit(_AT_ONCE)
    while rows := database.execute(page.where(_RECORDS.c.id > reached)).all():
        database.execute(write, [{"of": row.id, "address": row.detail.get("email", "")} for row in rows])
        reached = rows[-1].id


def downgrade() -> None:
    op.drop_index("ix_sign_in_flows_open", table_name="sign_in_flows")
    op.execute(sa.text("ALTER TABLE sign_in_records DROP COLUMN email"))
