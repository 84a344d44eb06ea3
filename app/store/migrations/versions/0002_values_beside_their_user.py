"""The values that filters find stand beside their user, with one narrow row each for equality; directories know how
many they hold.

Columns are added and indexes swapped, no table is rebuilt: on SQLite that would delete what refers to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_LIVING = sa.text("deleted_at IS NULL")
_KEYS = {
    "sqlite": "json_group_array(json_array(path, entry, CASE WHEN lead THEN 1 ELSE 0 END, key))",
    "postgresql": "CAST(json_agg(json_build_array(path, entry, CASE WHEN lead THEN 1 ELSE 0 END, key)) AS TEXT)",
}


def upgrade() -> None:
    with op.batch_alter_table("directories", schema=None) as batch_op:
        batch_op.add_column(sa.Column("user_count", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("group_count", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("directory_users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("search_keys", sa.String(), server_default="[]", nullable=False))
        batch_op.drop_index("ix_directory_users_directory_id_id")
        batch_op.create_index(
            "ix_directory_users_living",
            ["directory_id", "id"],
            unique=False,
            sqlite_where=_LIVING,
            postgresql_where=_LIVING,
        )
    with op.batch_alter_table("directory_groups", schema=None) as batch_op:
        batch_op.drop_index("ix_directory_groups_directory_id_id")
        batch_op.create_index(
            "ix_directory_groups_living",
            ["directory_id", "id"],
            unique=False,
            sqlite_where=_LIVING,
            postgresql_where=_LIVING,
        )
    op.create_table(
        "directory_user_digests",
        sa.Column("digest", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "user_id", name=op.f("pk_directory_user_digests")),
        sqlite_with_rowid=False,
    )
    _carry_over()
    with op.batch_alter_table("directory_user_values", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_directory_user_values_digest"))
    op.drop_table("directory_user_values")


def _carry_over() -> None:
    """What was a row for each value becomes one text; what tells users apart keeps a digest."""
    keys = _KEYS[op.get_bind().dialect.name]
    values = f"(SELECT {keys} FROM directory_user_values WHERE user_id = directory_users.id)"  # noqa: S608 (constants)
    op.execute(f"UPDATE directory_users SET search_keys = COALESCE({values}, '[]')")  # noqa: S608 (constants)
    op.execute(
        "INSERT INTO directory_user_digests (digest, user_id) SELECT DISTINCT digest, user_id"
        " FROM directory_user_values"
        " WHERE path IN ('displayName', 'emails.value', 'enterprise:employeeNumber', 'enterprise:manager.value',"
        " 'entitlements.value', 'ims.value', 'nickName', 'phoneNumbers.value', 'profileUrl', 'roles.value',"
        " 'x509Certificates.value')"
    )
    for column, table in (("user_count", "directory_users"), ("group_count", "directory_groups")):
        count = (
            f"(SELECT count(*) FROM {table}"  # noqa: S608 (constants)
            f" WHERE {table}.directory_id = directories.id AND {table}.deleted_at IS NULL)"
        )
        op.execute(f"UPDATE directories SET {column} = {count}")  # noqa: S608 (constants)


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
