"""Setup links: for whoever runs the identity provider and is no member."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "setup_links",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("admin_id", sa.String(), nullable=False),
        sa.Column("maker_kind", sa.String(), nullable=False),
        sa.Column("maker_id", sa.String(), nullable=True),
        sa.Column("maker_label", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_as", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_setup_links_organization_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setup_links")),
        sa.UniqueConstraint("digest", name=op.f("uq_setup_links_digest")),
    )
    with op.batch_alter_table("setup_links", schema=None) as batch_op:
        batch_op.create_index("ix_setup_links_organization_id_id", ["organization_id", "id"], unique=False)
        batch_op.create_index("ix_setup_links_closed_at_expires_at", ["closed_at", "expires_at"], unique=False)
    op.create_table(
        "setup_sessions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["link_id"], ["setup_links.id"], name=op.f("fk_setup_sessions_link_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setup_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_setup_sessions_digest")),
    )
    with op.batch_alter_table("setup_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_setup_sessions_link_id"), ["link_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_setup_sessions_expires_at"), ["expires_at"], unique=False)
    for table in ("sign_in_flows", "connection_revisions"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("setup_link_id", sa.String(), nullable=True))


def downgrade() -> None:
    for table in ("connection_revisions", "sign_in_flows"):
        op.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN setup_link_id"))
    with op.batch_alter_table("setup_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_setup_sessions_expires_at"))
        batch_op.drop_index(batch_op.f("ix_setup_sessions_link_id"))
    op.drop_table("setup_sessions")
    with op.batch_alter_table("setup_links", schema=None) as batch_op:
        batch_op.drop_index("ix_setup_links_closed_at_expires_at")
        batch_op.drop_index("ix_setup_links_organization_id_id")
    op.drop_table("setup_links")
