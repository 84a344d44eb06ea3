"""What the filters of long lists have in common: days, and addresses that keep what was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Address:
    """A page's own address, with its filter and something else."""

    path: str
    chosen: dict[str, str]

    def of(self, path: str = "", **other: str) -> str:
        """With these parts instead of its own, or of another page with the same filter."""
        parts = {name: value for name, value in (self.chosen | other).items() if value}
        return f"{path or self.path}?{urlencode(parts)}" if parts else path or self.path


def day(text: str) -> datetime | None:
    """The beginning of a day in UTC; the last days of the calendar are left out, because none comes after them."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(found.year, found.month, found.day, tzinfo=UTC) if found.year < date.max.year else None
