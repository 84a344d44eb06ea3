"""How many requests a directory may send: a generous pace with room for bursts, counted in each process by itself.

It keeps one provider that went wild from taking the whole server; it is no accounting. Counting in each process costs
no statement, so that the true bound lies between the setting and the setting times the number of workers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Seconds of the full pace that may be sent at once.
BURST_SECONDS = 10.0
_MOST_REMEMBERED = 10_000


class RateLimit:
    """The generic cell rate algorithm: one number a directory, the moment when it would be even again."""

    def __init__(self, per_second: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1.0 / per_second
        self._now = now
        self._even_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def seconds_to_wait(self, directory_id: str) -> float:
        """Count a request; 0 when it may be served, else the seconds after which it may come again."""
        now = self._now()
        with self._lock:
            even_at = max(self._even_at.get(directory_id, now), now) + self._interval
            ahead = even_at - now - BURST_SECONDS
            if ahead > 0:
                return ahead
            if len(self._even_at) >= _MOST_REMEMBERED:
                self._even_at = {known: at for known, at in self._even_at.items() if at > now}
            self._even_at[directory_id] = even_at
            return 0.0
