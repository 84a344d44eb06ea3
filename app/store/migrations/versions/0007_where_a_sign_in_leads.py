"""Where a person wants to be after signing in."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("sign_in_flows", schema=None) as batch_op:
        batch_op.add_column(sa.Column("return_to", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("sign_in_flows", schema=None) as batch_op:
        batch_op.drop_column("return_to")
