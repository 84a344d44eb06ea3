"""Events have a number, in the order they were written, and a position in the feed of their organization; people who
lost something through a directory, in bursts.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PLAIN = "id, organization_id, at, type, subject, data"
#: Whoever follows the feed has seen them in the order of their ids, and goes on in it.
_CARRY_OVER = f"""
INSERT INTO events ({_PLAIN}, position)
SELECT {_PLAIN}, row_number() OVER (PARTITION BY organization_id ORDER BY id) FROM events_before ORDER BY id
"""  # noqa: S608 (nothing in it comes from outside)


def upgrade() -> None:
    op.drop_index("ix_events_organization_id_id", table_name="events")
    _put_aside()
    op.create_table(
        "events",
        sa.Column("number", _NUMBER, nullable=False),
        *_plain_columns(),
        sa.Column("position", _NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_events_organization_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_events")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_events_organization_id_id")),
    )
    op.execute(_CARRY_OVER)
    op.create_index(
        "uq_events_organization_id_position",
        "events",
        ["organization_id", "position"],
        unique=True,
        sqlite_where=sa.text("position IS NOT NULL"),
        postgresql_where=sa.text("position IS NOT NULL"),
    )
    op.create_index(
        "ix_events_waiting",
        "events",
        ["number"],
        unique=False,
        sqlite_where=sa.text("position IS NULL"),
        postgresql_where=sa.text("position IS NULL"),
    )
    op.drop_table("events_before")
    _create_mass_changes()


def downgrade() -> None:
    op.drop_table("mass_change_people")
    op.drop_table("mass_changes")
    op.drop_index("ix_events_waiting", table_name="events")
    op.drop_index("uq_events_organization_id_position", table_name="events")
    _put_aside()
    op.create_table(
        "events",
        *_plain_columns(),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_events_organization_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.execute(f"INSERT INTO events ({_PLAIN}) SELECT {_PLAIN} FROM events_before")  # noqa: S608 (the same)
    op.create_index("ix_events_organization_id_id", "events", ["organization_id", "id"], unique=False)
    op.drop_table("events_before")


def _create_mass_changes() -> None:
    op.create_table(
        "mass_changes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("directory_id", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("managed", sa.Integer(), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_mass_changes_organization_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["directory_id"], ["directories.id"], name=op.f("fk_mass_changes_directory_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mass_changes")),
    )
    op.create_index("ix_mass_changes_directory_id_latest_at", "mass_changes", ["directory_id", "latest_at"])
    op.create_index(op.f("ix_mass_changes_organization_id"), "mass_changes", ["organization_id"])
    op.create_table(
        "mass_change_people",
        sa.Column("mass_change_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loss", sa.String(), nullable=False),
        sa.Column("role_before", sa.String(), nullable=False),
        sa.Column("role_after", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mass_change_id"],
            ["mass_changes.id"],
            name=op.f("fk_mass_change_people_mass_change_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mass_change_id", "member_id", name=op.f("pk_mass_change_people")),
    )
    op.create_index("ix_mass_change_people_mass_change_id_at", "mass_change_people", ["mass_change_id", "at"])


def _put_aside() -> None:
    """The table under another name, with its rows; in PostgreSQL the names of keys are those of their indexes."""
    op.rename_table("events", "events_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE events_before DROP CONSTRAINT pk_events")
        op.execute("ALTER TABLE events_before DROP CONSTRAINT IF EXISTS uq_events_organization_id_id")


def _plain_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
    )
