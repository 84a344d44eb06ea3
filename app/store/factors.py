"""Tables and queries: authenticator apps of members, and the backup codes that stand in for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.rules.factors import Tries
from app.store.database import Base


class Factor(Base):
    """The authenticator app of a member: its secret sealed, the step of the latest code that was accepted, and how
    often it was tried in vain.
    """

    __tablename__ = "factors"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), unique=True)
    sealed_secret: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_step: Mapped[int | None]
    wrong_in_a_row: Mapped[int] = mapped_column(default=0)
    wrong_in_a_day: Mapped[int] = mapped_column(default=0)
    day_began_at: Mapped[datetime | None]
    locked_until: Mapped[datetime | None]
    codes_confirmed_at: Mapped[datetime | None]

    @property
    def tries(self) -> Tries:
        """How often it was tried in vain."""
        return Tries(self.wrong_in_a_row, self.wrong_in_a_day, self.day_began_at, self.locked_until)

    @tries.setter
    def tries(self, tries: Tries) -> None:
        self.wrong_in_a_row, self.wrong_in_a_day = tries.in_a_row, tries.in_a_day
        self.day_began_at, self.locked_until = tries.day_began_at, tries.locked_until


class BackupCode(Base):
    """One backup code of a factor, as an HMAC; it goes with the factor."""

    __tablename__ = "backup_codes"
    id: Mapped[str] = mapped_column(primary_key=True)
    factor_id: Mapped[str] = mapped_column(ForeignKey("factors.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


def of_member(session: Session, member_id: str) -> Factor | None:
    """The member's factor, for looking at it."""
    return session.scalars(select(Factor).where(Factor.member_id == member_id)).one_or_none()


def lock(session: Session, member_id: str) -> Factor | None:
    """The member's factor, locked, so that its codes are judged one after the other."""
    query = select(Factor).where(Factor.member_id == member_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def delete_of(session: Session, factor: Factor) -> None:
    """Delete a factor with its backup codes."""
    session.execute(delete(BackupCode).where(BackupCode.factor_id == factor.id))
    session.execute(delete(Factor).where(Factor.id == factor.id))
    session.expunge(factor)


def replace_backup_codes(session: Session, factor_id: str, codes: Sequence[BackupCode]) -> None:
    """Put a new set in the place of the old one."""
    session.execute(delete(BackupCode).where(BackupCode.factor_id == factor_id))
    session.add_all(codes)


def unused_backup_codes(session: Session, factor_id: str) -> int:
    """How many backup codes are left."""
    unused = BackupCode.factor_id == factor_id, BackupCode.used_at.is_(None)
    return session.scalar(select(func.count()).select_from(BackupCode).where(*unused)) or 0


def backup_code(session: Session, factor_id: str, digest: str) -> BackupCode | None:
    """The unused code with this digest."""
    query = select(BackupCode).where(BackupCode.factor_id == factor_id, BackupCode.digest == digest)
    return session.scalars(query.where(BackupCode.used_at.is_(None))).one_or_none()
