"""Where requests came from, in the audit log.

A column is added without rebuilding the table, so its triggers stay, and no row is touched.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("audit_entries", sa.Column("network_address", sa.String(), nullable=True))


def downgrade() -> None:
    # Entries that were sealed with their address would count as altered without it.
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
