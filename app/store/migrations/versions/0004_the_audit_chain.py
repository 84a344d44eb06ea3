"""The chain that seals the audit log, and triggers that keep entries and seals as they are.

The triggers look for the organization: where it is gone, it is being deleted, and its log goes with it. A later
migration that rebuilds one of these tables on SQLite loses its triggers there and has to make them again.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TABLES = ("audit_entries", "audit_seals")
_SENTENCE = "The audit log is kept: its rows are neither changed nor deleted."


def upgrade() -> None:
    op.create_table(
        "audit_heads",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_audit_heads_organization_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "audit_seals",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["audit_heads.organization_id"],
            name=op.f("fk_audit_seals_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "position", name=op.f("pk_audit_seals")),
    )
    with op.batch_alter_table("audit_seals", schema=None) as batch_op:
        batch_op.create_index("ix_audit_seals_entry_id", ["entry_id"], unique=True)
    for table in _TABLES:
        if op.get_bind().dialect.name == "sqlite":
            _keep_on_sqlite(table)
        else:
            _keep_on_postgresql(table)


def _keep_on_sqlite(table: str) -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_SENTENCE}'); END"
    is_there = "EXISTS (SELECT 1 FROM organizations WHERE id = OLD.organization_id)"
    op.execute(f"CREATE TRIGGER {table}_not_changed BEFORE UPDATE ON {table} {refuse}")
    op.execute(f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} WHEN {is_there} {refuse}")


def _keep_on_postgresql(table: str) -> None:
    if table == _TABLES[0]:
        op.execute(
            "CREATE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$"  # noqa: S608 (constants)
            " BEGIN"
            " IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM organizations WHERE id = OLD.organization_id) THEN"
            " RETURN OLD; END IF;"
            f" RAISE EXCEPTION '{_SENTENCE}' USING ERRCODE = 'restrict_violation';"
            " END $$"
        )
    row, statement = "FOR EACH ROW", "FOR EACH STATEMENT"
    for name, what, each in (
        ("changed", "UPDATE", row),
        ("deleted", "DELETE", row),
        ("emptied", "TRUNCATE", statement),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_not_{name} BEFORE {what} ON {table} {each} EXECUTE FUNCTION audit_is_kept()"
        )


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
