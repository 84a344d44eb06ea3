"""The record of SCIM requests as a feed, in the order they were recorded, filtered by what came of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from app.rules.scim_requests import Outcome, RequestFilter, ScimRequestRecord
from app.services import scim_requests
from app.web import request as current
from app.web.api.operations import operation
from app.web.api.paging import FeedQuery, Page, feed
from app.web.api.shapes import Answer, Maybe

ResourceId = Annotated[str, StringConstraints(pattern="^[!-~]{1,255}$")]


class RequestQuery(FeedQuery):
    """Which requests, and where the feed goes on."""

    outcome: Literal["all", "refused", "deviations", "unknown_members", "writes"] = Field(
        "all", description="Only requests that were refused, deviated from the RFCs, named unknown members, or wrote."
    )
    method: Maybe[Literal["GET", "POST", "PUT", "PATCH", "DELETE"]] = Field(None, description="Only this method.")
    resource_id: Maybe[ResourceId] = Field(
        None,
        description="Only requests on the user or group with this SCIM id. One that adds a user to a group is on the"
        " group.",
    )

    @property
    def wanted(self) -> RequestFilter:
        """The conditions as the rules name them."""
        return RequestFilter(Outcome(self.outcome), self.method, self.resource_id)


class RequestAnswer(Answer):
    id: str
    at: datetime = Field(description="When it came.")
    method: str
    path: str = Field(description="Below the base URL, with attribute names and operators, without personal data.")
    status: int
    duration_ms: float
    token_id: str | None = Field(
        description="The token of the directory it came with, revoked ones too; null where it came with none of them."
    )
    resource: str | None = Field(description="`User` or `Group`.")
    resource_id: str | None = Field(description="The SCIM id.")
    changes: dict[str, JsonValue] = Field(
        description="What it changed: names of attributes and counts, and no value but that of `active`."
    )
    detail: str | None = Field(description="What a refused request was told.")
    deviations: list[str] = Field(description="Shapes outside the RFCs that were understood anyway.")
    unknown_members: list[str] = Field(description="Member ids that nobody has, the first hundred.")
    unknown_members_total: int
    body: str | None = Field(description="The body's shape as JSON text: values are masked, long ones cut.")


@operation("GET", "/organizations/{org}/directories/{dir}/requests", query=RequestQuery, answer=Page[RequestAnswer])
def list_directory_requests(org: str, dir: str, query: RequestQuery) -> Page[RequestAnswer]:  # noqa: A002
    """Follow the requests of the identity provider. `next_cursor` is what to send as `after`; null: there is nothing
    more for now.

    They come in the order they were recorded, which is that of `id` and not quite that of `at`: writes are recorded
    with what they changed, reads up to a second after they were answered. Whoever wants the order in which requests
    came sorts by `at`.
    """
    unit = current.unit()
    return feed(
        query,
        lambda after, limit: scim_requests.feed(unit, org, dir, wanted=query.wanted, after=after, limit=limit),
        _show,
    )


def _show(record: ScimRequestRecord) -> RequestAnswer:
    return RequestAnswer.of(
        record,
        duration_ms=record.duration_us / 1000,
        changes=dict(record.changes),
        deviations=list(record.deviations),
        unknown_members=list(record.unknown_members),
    )
