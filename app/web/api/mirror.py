"""What an identity provider has pushed, as JSON: users with the member they are or the reason why not, and groups."""

from __future__ import annotations

import json
from datetime import datetime

from pydantic import Field

from app.services import directories
from app.services.rows import DirectoryUser
from app.web import request as current
from app.web.api.operations import operation
from app.web.api.paging import Page, PageQuery, page
from app.web.api.shapes import Answer

_PATH = "/organizations/{org}/directories/{dir}"


class DirectoryUserAnswer(Answer):
    id: str = Field(description="The SCIM id.")
    user_name: str
    external_id: str | None
    active: bool
    email: str | None = Field(description="The address this user is known by.")
    name: str
    member_id: str | None = Field(description="The member this user is.")
    reason: str | None = Field(
        description="Why this user is not a member, or does not follow in full: `no_address`, `unverified_host`, "
        "`address_in_use`, `inactive`."
    )
    created_at: datetime
    modified_at: datetime


class DirectoryGroupAnswer(Answer):
    id: str = Field(description="The SCIM id, which a role mapping names.")
    display_name: str
    external_id: str | None
    created_at: datetime
    modified_at: datetime


@operation("GET", _PATH + "/users", query=PageQuery, answer=Page[DirectoryUserAnswer])
def list_directory_users(org: str, dir: str, query: PageQuery) -> Page[DirectoryUserAnswer]:  # noqa: A002
    """List the users that were pushed, in the order of their ids."""
    unit = current.unit()
    return page(query, lambda after, limit: directories.users(unit, org, dir, after=after, limit=limit), _show_user)


@operation("GET", _PATH + "/groups", query=PageQuery, answer=Page[DirectoryGroupAnswer])
def list_directory_groups(org: str, dir: str, query: PageQuery) -> Page[DirectoryGroupAnswer]:  # noqa: A002
    """List the groups that were pushed, in the order of their ids."""
    unit = current.unit()
    return page(
        query,
        lambda after, limit: directories.groups(unit, org, dir, after=after, limit=limit),
        DirectoryGroupAnswer.of,
    )


def _show_user(user: DirectoryUser) -> DirectoryUserAnswer:
    return DirectoryUserAnswer.of(user, user_name=json.loads(user.document).get("userName", ""))
