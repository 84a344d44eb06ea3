"""The audit log as a file: CSV that no spreadsheet takes for formulas, and JSON lines."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.rules.audit import AuditFilter, AuditRecord
from app.services import audit
from app.services.unit_of_work import Transactions
from app.web.downloads import Download

#: What a spreadsheet would read as the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_AFTER_SEMICOLON = re.compile(r"(;\s*\"*)(?=[=+\-@\t\r])")
_COLUMNS = (
    "position",
    "id",
    "at",
    "actor_kind",
    "actor_id",
    "actor_label",
    "network_address",
    "action",
    "outcome",
    "subject",
    "before",
    "after",
    "reason",
    "proof",
)


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write the log down; `write` turns one page of entries into text, `opening` stands before them all."""

    extension: str
    media_type: str
    opening: str
    write: Callable[[Sequence[AuditRecord]], str]


def download(transactions: Transactions, organization_id: str, *, wanted: AuditFilter, as_: Format) -> Download:
    """The entries, oldest first."""
    return Download(
        media_type=as_.media_type,
        filename=f"audit.{as_.extension}",
        pieces=_pieces(transactions, organization_id, wanted, as_),
    )


def _pieces(transactions: Transactions, organization_id: str, wanted: AuditFilter, as_: Format) -> Iterator[str]:
    """A page at a time: never more than one in memory."""
    if as_.opening:
        yield as_.opening
    for page in audit.export(transactions, organization_id, wanted=wanted):
        yield as_.write(page)


def _csv(records: Sequence[AuditRecord]) -> str:
    return _csv_lines([_cell(value) for value in _fields(record).values()] for record in records)


def _csv_lines(rows: Iterable[Iterable[str]]) -> str:
    """RFC 4180."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _json_lines(records: Sequence[AuditRecord]) -> str:
    return "".join(f"{json.dumps(_fields(record), ensure_ascii=False)}\n" for record in records)


def _fields(record: AuditRecord) -> dict[str, Any]:
    fields = {name: getattr(record, name) for name in _COLUMNS}
    return fields | {"at": record.at.isoformat().replace("+00:00", "Z")}


def _cell(value: Any) -> str:
    """A value as text. Whatever a spreadsheet could take for a formula begins with an apostrophe, also behind a
    semicolon: many of them split there.
    """
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping) else str(value)
    text = _AFTER_SEMICOLON.sub(r"\1'", text)
    return f"'{text}" if text.startswith(_FORMULA) else text


FORMATS = {
    "csv": Format("csv", "text/csv", _csv_lines([_COLUMNS]), _csv),
    "jsonl": Format("jsonl", "application/jsonl", "", _json_lines),
}
