"""The keys with which programs act for one organization, as JSON."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from pydantic import Field, StringConstraints

from app.rules.decisions import Code, Refused
from app.services import organization_keys, organizations
from app.web import request as current
from app.web.api.operations import operation
from app.web.api.paging import Page, PageQuery, page_of_all
from app.web.api.shapes import Answer, ChangeBody, ChangeQuery, Instant, Maybe

_PATH = "/organizations/{org}/keys"


class NewKey(ChangeBody):
    label: Maybe[Annotated[str, StringConstraints(max_length=200)]] = Field(
        None, description="What the audit log calls whoever acts with this key."
    )
    expires_at: Maybe[Instant] = None


class KeyAnswer(Answer):
    id: str
    label: str
    hint: str = Field(description="The last four characters.")
    created_by: str = Field(description="Who made it, as the audit log names them.")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="Noted once a minute at most.")
    revoked_at: datetime | None


class KeyCreated(KeyAnswer):
    token: str = Field(description="The bearer token itself: shown in this answer only.")


@operation("POST", _PATH, body=NewKey, answer=KeyCreated, status=HTTPStatus.CREATED, codes=(Code.OWN_HOLD,))
def create_key(org: str, body: NewKey) -> KeyCreated | Refused:
    """Make a key of this organization; it is shown in this answer only.

    It opens every operation below `/organizations/{org}` but deleting the organization and what only operators may:
    vouching for a domain and lifting a hold. It stays when whoever made it leaves.
    """
    made = organization_keys.add(current.unit(), org, label=body.label or "", expires_at=body.expires_at)
    return made if isinstance(made, Refused) else KeyCreated.of(made.row, token=made.secret)


@operation("GET", _PATH, query=PageQuery, answer=Page[KeyAnswer])
def list_keys(org: str, query: PageQuery) -> Page[KeyAnswer]:
    """List the organization's keys, oldest first, revoked ones included."""
    unit = current.unit()
    organizations.read(unit, org)
    return page_of_all(query, organization_keys.all_of(unit, org), KeyAnswer.of)


@operation("GET", _PATH + "/{key}", answer=KeyAnswer)
def read_key(org: str, key: str) -> KeyAnswer:
    """Read one key, without the key itself."""
    return KeyAnswer.of(organization_keys.read(current.unit(), org, key))


@operation("DELETE", _PATH + "/{key}", query=ChangeQuery)
def revoke_key(org: str, key: str) -> None:
    """Revoke a key: it is refused from the next request on. Doing so again changes nothing."""
    organization_keys.revoke(current.unit(), org, key)


OPERATIONS = (create_key, list_keys, read_key, revoke_key)
