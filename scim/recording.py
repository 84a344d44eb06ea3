"""What is recorded of one request: a write in its own transaction, everything else with others a moment later."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from app.rules.directories import ResourceKind
from app.rules.ids import Prefix
from app.rules.scim_requests import FIRST_REFUSED_STATUS, MOST_UNKNOWN_MEMBERS, ScimRequestRecord
from app.services import scim_requests
from app.services.pushes import Push
from scim.dialects import Deviation
from scim.redacted_bodies import redacted_body
from scim.redaction import MASK, is_id, redacted_detail, redacted_path

#: What a successful write is answered, unless its handler says otherwise.
_WRITTEN = {"POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}


@dataclass
class Journal:
    """One request of a directory on its way to an answer; `began` is on the clock of `time.perf_counter`.

    A handler says what it did with `note`; `write` is the last statement of a push.
    """

    directory_id: str
    token_id: str | None
    at: datetime
    began: float
    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    #: Shared with whoever understands the request.
    deviations: set[Deviation] = field(default_factory=set)
    resource: ResourceKind | None = None
    resource_id: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    #: What a write that succeeds is answered; None for what its method says.
    status: int | None = None
    #: What an administrator should know of a request that was not refused as a whole.
    detail: str | None = None
    #: Whether the record was written with what it tells of, so that none need follow.
    is_written: bool = False
    _shown: tuple[str, str | None] | None = field(default=None, init=False)

    def note(self, kind: ResourceKind, resource_id: str, changes: Mapping[str, Any]) -> None:
        """What a push is about, and what it changed."""
        self.resource, self.resource_id, self.changes = kind, resource_id, changes

    def of_operation(self, method: str, path: str) -> Journal:
        """An operation of a bulk request, which is recorded as one of its own, in its own transaction."""
        return replace(
            self, method=method, path=f"/Bulk{path}", query={}, body=b"", began=time.perf_counter(), deviations=set()
        )

    def note_operations(self, outcomes: Sequence[Mapping[str, Any]]) -> None:
        """What became of the operations of a bulk request, and why the first that failed did."""
        failed = [one for one in outcomes if int(one.get("status", 200)) >= FIRST_REFUSED_STATUS]
        self.changes = {"operations": len(outcomes), "failed": len(failed)}
        self.detail = failed[0].get("response", {}).get("detail") if failed else None

    def prepare(self) -> tuple[str, str | None]:
        """Path and body without what they say of people; worked out before a transaction holds up others."""
        if self._shown is None:
            self._shown = redacted_path(self.path, self.query), redacted_body(self.body) if self.body else None
        return self._shown

    def write(self, push: Push) -> None:
        """Record a push that succeeds, in its transaction."""
        status = _WRITTEN[self.method] if self.status is None else self.status
        record = self.record(status, None, id_=push.unit.id(Prefix.SCIM_REQUEST), unknown=push.unknown_members)
        scim_requests.write(push.unit, record)

    def record(
        self, status: int, detail: str | None, *, id_: str = "", unknown: set[str] | frozenset[str] = frozenset()
    ) -> ScimRequestRecord:
        """The request as an administrator will read it; one without an id gets it when it is written."""
        path, body = self.prepare()
        is_refused = status >= FIRST_REFUSED_STATUS  # then nothing was changed, and nothing made that has an id
        return ScimRequestRecord(
            id=id_,
            directory_id=self.directory_id,
            token_id=self.token_id,
            at=self.at,
            method=self.method,
            path=path,
            status=status,
            duration_us=int((time.perf_counter() - self.began) * 1_000_000),
            resource=None if self.resource is None else self.resource.value,
            resource_id=None if is_refused and self.method == "POST" else _if_id(self.resource_id),
            changes={} if is_refused else self.changes,
            detail=self._redacted(detail or self.detail),
            deviations=tuple(sorted(self.deviations)),
            unknown_members=tuple(one if is_id(one) else MASK for one in sorted(unknown)[:MOST_UNKNOWN_MEMBERS]),
            unknown_members_total=len(unknown),
            body=body,
        )

    def _redacted(self, detail: str | None) -> str | None:
        if detail is None:
            return None
        try:
            body = orjson.loads(self.body) if self.body else None
        except orjson.JSONDecodeError:
            body = None
        return redacted_detail(detail, self.path, self.query, body)


def _if_id(text: str | None) -> str | None:
    return text if text and is_id(text) else None
