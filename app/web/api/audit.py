"""The audit log: as a feed, oldest first, and as a file."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from app.rules.audit import AuditFilter, AuditRecord
from app.services import audit, organizations
from app.services.unit_of_work import UnitOfWork
from app.web import audit_export
from app.web import request as current
from app.web.api.operations import operation
from app.web.api.paging import FeedQuery, Page, feed
from app.web.api.shapes import Answer, Instant, Maybe, Query, Text
from app.web.downloads import Download

Action = Annotated[str, StringConstraints(pattern="^[a-z_.]{1,100}$")]
ActorKind = Literal["member", "recovery", "setup_link", "directory", "operator", "api_key", "sign_in", "system"]
_MEDIA = tuple(one.media_type for one in audit_export.FORMATS.values())


class AuditConditions(Query):
    """Which entries; the conditions add up."""

    actor_kind: Maybe[ActorKind] = Field(None, description="Only what this kind of actor did or tried.")
    actor: Maybe[Text] = Field(None, description="Only what whoever has this address, name or id did or tried.")
    action: Maybe[Action] = Field(None, description="Only actions that begin with this, such as `role.`.")
    subject: Maybe[Text] = Field(None, description="Only entries about what has this id, address or name.")
    outcome: Maybe[Literal["done", "refused"]] = Field(None, description="Only changes, or only refusals.")
    since: Maybe[Instant] = Field(None, description="Only entries of this time or later.")
    until: Maybe[Instant] = Field(None, description="Only entries before this time.")

    def wanted(self, unit: UnitOfWork, organization_id: str) -> AuditFilter:
        """The conditions as the rules name them."""
        return AuditFilter(
            actor_kind=self.actor_kind,
            actor=audit.called(unit, organization_id, self.actor) if self.actor is not None else None,
            action=self.action,
            subject=audit.called(unit, organization_id, self.subject) if self.subject is not None else None,
            outcome=self.outcome,
            since=self.since,
            until=self.until,
        )


class AuditQuery(AuditConditions, FeedQuery):
    """Which entries, and where the feed goes on."""


class ExportQuery(AuditConditions):
    """Which entries, and how they are written down."""

    format: Literal["csv", "jsonl"] = Field("jsonl", description="CSV (RFC 4180), or a JSON object on each line.")


class ActorAnswer(Answer):
    kind: str
    id: str | None
    label: str


class AuditAnswer(Answer):
    id: str
    at: datetime
    actor: ActorAnswer
    network_address: str | None = Field(
        description="Where the request came from, as far as proxies are trusted to say; null for the command line, the"
        " worker, and entries from before addresses were kept."
    )
    action: str
    outcome: str
    subject: str | None
    before: dict[str, JsonValue]
    after: dict[str, JsonValue]
    reason: str | None
    proof: dict[str, JsonValue]
    position: int | None = Field(description="Its place in the sealed chain; null while it waits to be sealed.")


@operation("GET", "/organizations/{org}/audit", query=AuditQuery, answer=Page[AuditAnswer])
def list_audit(org: str, query: AuditQuery) -> Page[AuditAnswer]:
    """Follow the audit log. `next_cursor` is what to send as `after`; null means that there is nothing more for now."""
    unit = current.unit()
    wanted = query.wanted(unit, org)
    return feed(query, lambda after, limit: audit.feed(unit, org, wanted=wanted, after=after, limit=limit), _show)


@operation("GET", "/organizations/{org}/audit/export", query=ExportQuery, media=_MEDIA)
def export_audit(org: str, query: ExportQuery) -> Download:
    """Fetch the audit log as a file, oldest entries first.

    In CSV, cells that a spreadsheet would take for formulas begin with an apostrophe.
    """
    transactions = current.transactions()
    with transactions.reading() as unit:
        organizations.read(unit, org)
        wanted = query.wanted(unit, org)
    return audit_export.download(transactions, org, wanted=wanted, as_=audit_export.FORMATS[query.format])


def _show(record: AuditRecord) -> AuditAnswer:
    actor = ActorAnswer(kind=record.actor_kind, id=record.actor_id, label=record.actor_label)
    return AuditAnswer.of(record, actor=actor)


OPERATIONS = (list_audit, export_audit)
