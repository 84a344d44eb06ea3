"""The tests' keeper of PostgreSQL with the settings of a real server: `python -m bench.postgres_keeper DIRECTORY`."""

from __future__ import annotations

from tests.servers import postgres_keeper

#: The tests do not wait for the disk; a measurement of durable writes has to.
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "shared_buffers": "256MB"}

if __name__ == "__main__":
    postgres_keeper.SETTINGS.update(DURABLE)
    postgres_keeper.main()
