"""Metadata that revisions name is followed, and the use of certificates is on record."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_AT = sa.DateTime(timezone=True)
_CONNECTIONS = sa.table("connections", sa.column("id"), sa.column("revision_in_force"), sa.column("created_at", _AT))
_REVISIONS = sa.table("connection_revisions", sa.column("id"), sa.column("settings", sa.JSON))
_IS_IN_FORCE = _CONNECTIONS.c.revision_in_force == _REVISIONS.c.id


def upgrade() -> None:
    followed = op.create_table(
        "followed_metadata",
        sa.Column("revision_id", sa.String(), nullable=False),
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("next_read_at", _AT, nullable=True),
        sa.Column("tried_at", _AT, nullable=True),
        sa.Column("read_at", _AT, nullable=True),
        sa.Column("sso_url", sa.String(), server_default="", nullable=False),
        sa.Column("certificates", sa.JSON(), nullable=False),
        sa.Column("failing_since", _AT, nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failure", sa.String(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_followed_metadata_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["connection_revisions.id"],
            name=op.f("fk_followed_metadata_revision_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_followed_metadata")),
    )
    op.create_index(op.f("ix_followed_metadata_connection_id"), "followed_metadata", ["connection_id"])
    op.create_index(op.f("ix_followed_metadata_next_read_at"), "followed_metadata", ["next_read_at"])
    op.create_table(
        "certificate_uses",
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("first_used_at", _AT, nullable=False),
        sa.Column("last_used_at", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_certificate_uses_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection_id", "fingerprint", name=op.f("pk_certificate_uses")),
    )
    # What is in force and names metadata is followed from the first round of the worker on: its time is long past.
    in_force = sa.select(_CONNECTIONS.c.id, _REVISIONS.c.id, _REVISIONS.c.settings, _CONNECTIONS.c.created_at)
    rows = op.get_bind().execute(in_force.join_from(_CONNECTIONS, _REVISIONS, _IS_IN_FORCE)).all()
    follows = [
        {"connection_id": connection, "revision_id": revision_id, "next_read_at": at, "certificates": []}
        for connection, revision_id, settings, at in rows
        if settings.get("idp", {}).get("metadata_url")
    ]
    if follows:
        op.bulk_insert(followed, follows)


def downgrade() -> None:
    op.drop_table("certificate_uses")
    op.drop_table("followed_metadata")
