"""Documents of identity providers (discovery, key sets), fetched once for all workers."""

from __future__ import annotations

from datetime import datetime

from app.services.unit_of_work import Transactions
from app.store import connections
from app.store.connections import FetchedDocument


class DocumentCache:
    """Discovery documents and key sets as rows that all workers share."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def get(self, key: str) -> tuple[str, datetime] | None:
        """The text stored under `key` and when it was fetched."""
        with self._transactions.reading() as unit:
            row = unit.session.get(FetchedDocument, key)
            return (row.text, row.fetched_at) if row else None

    def put(self, key: str, text: str, fetched_at: datetime) -> None:
        """Store what was fetched."""
        with self._transactions.writing() as unit:
            connections.remember_document(unit.session, key, text, fetched_at)
