"""Columns of every bearer token (RFC 6750): a directory's tokens and an organization's keys have them alike."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column


class BearerToken:
    """A secret that a program brings, as a digest; `hint` is what may be shown of it."""

    id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    label: Mapped[str]
    hint: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
