"""Table and queries: what is remembered of trying recovery codes without spending them, one row an organization."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.database import Base


class RecoveryDrills(Base):
    """When a code last proved good and who tried it, in words; how many were wrong since `wrong_since`."""

    __tablename__ = "recovery_drills"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    good_at: Mapped[datetime | None]
    good_by: Mapped[str] = mapped_column(default="")
    wrong: Mapped[int] = mapped_column(default=0)
    wrong_since: Mapped[datetime | None]


def of(session: Session, organization_id: str) -> RecoveryDrills | None:
    """What is remembered of this organization's drills, if there was one."""
    return session.get(RecoveryDrills, organization_id)
