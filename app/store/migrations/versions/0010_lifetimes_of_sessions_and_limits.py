"""How long sessions last in each organization, and how often something was tried from where."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_IN_A_DAY = {
    "sqlite": "UPDATE sessions SET idle_ends_at = strftime('%Y-%m-%d %H:%M:%f', seen_at, '+24 hours') || '000'",
    "postgresql": "UPDATE sessions SET idle_ends_at = seen_at + interval '24 hours'",
}


def upgrade() -> None:
    with op.batch_alter_table("organizations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("session_idle_minutes", sa.Integer(), server_default="1440", nullable=False))
        batch_op.add_column(sa.Column("session_hours", sa.Integer(), server_default="168", nullable=False))
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("idle_ends_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(sa.text(_IN_A_DAY[op.get_bind().dialect.name]))
    # Nothing refers to sessions, so that on SQLite their table may be rebuilt.
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.alter_column("idle_ends_at", existing_type=sa.DateTime(timezone=True), nullable=False)
    with op.batch_alter_table("sign_in_records", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_records_member_id_id", ["member_id", "id"], unique=False)
    op.create_table(
        "tries",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tries")),
    )
    with op.batch_alter_table("tries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tries_began_at"), ["began_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("tries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tries_began_at"))
    op.drop_table("tries")
    with op.batch_alter_table("sign_in_records", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_records_member_id_id")
    for table, column in (
        ("sessions", "idle_ends_at"),
        ("organizations", "session_hours"),
        ("organizations", "session_idle_minutes"),
    ):
        op.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN {column}"))
