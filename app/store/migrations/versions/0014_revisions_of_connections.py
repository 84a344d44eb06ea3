"""Who made each revision of a connection, and when which of them was in force."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: Ids sort as they were made.
_NUMBERED = """
UPDATE connection_revisions SET number = (
    SELECT count(*) FROM connection_revisions AS earlier
    WHERE earlier.connection_id = connection_revisions.connection_id AND earlier.id <= connection_revisions.id
)
"""
_IN_FORCE = """
INSERT INTO revision_terms (connection_id, place, revision_id, since, until, begun_by, proof)
SELECT id, 1, revision_in_force, coalesce(activated_at, created_at), NULL, '', '{}'
FROM connections WHERE revision_in_force IS NOT NULL
"""


def upgrade() -> None:
    # Proofs refer to the revisions, so that their table is not rebuilt on SQLite.
    op.add_column("connection_revisions", sa.Column("number", sa.Integer(), server_default="1", nullable=False))
    op.add_column("connection_revisions", sa.Column("made_by", sa.String(), server_default="", nullable=False))
    op.add_column("connection_revisions", sa.Column("discarded_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(sa.text(_NUMBERED))
    op.create_table(
        "revision_terms",
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_by", sa.String(), nullable=False),
        sa.Column("proof", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_revision_terms_connection_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["connection_revisions.id"],
            name=op.f("fk_revision_terms_revision_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection_id", "place", name=op.f("pk_revision_terms")),
    )
    op.execute(sa.text(_IN_FORCE))


def downgrade() -> None:
    op.drop_table("revision_terms")
    for column in ("discarded_at", "made_by", "number"):
        op.execute(sa.text(f"ALTER TABLE connection_revisions DROP COLUMN {column}"))
