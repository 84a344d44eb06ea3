"""Setup links as JSON: made, listed, revoked."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from pydantic import Field, StringConstraints

from app.rules.decisions import Code, Refused
from app.rules.setup_links import Scope, SetupLinkState
from app.services import organizations, setup_links
from app.services.rows import Member
from app.services.setup_links import Listed
from app.web import request as current
from app.web.api import acting as on_behalf
from app.web.api.operations import operation
from app.web.api.paging import Page, PageQuery, page
from app.web.api.shapes import Answer, ChangeBody, ChangeQuery, Maybe, Name

_PATH = "/organizations/{org}/setup-links"
_CODES = (
    Code.ACTING_ADMIN_REQUIRED,
    Code.VERIFIED_DOMAIN_REQUIRED,
    Code.OWN_DOMAIN_REQUIRED,
    Code.OWN_HOLD,
)


class NewSetupLink(ChangeBody):
    scope: Scope = Field(description="What may be set up with it.")
    note: Maybe[Name] = Field(None, description="Whom it is for, in words; as a rule the address.")
    email: Maybe[Annotated[str, StringConstraints(min_length=3, max_length=254)]] = Field(
        None, description="Where it is mailed. Without one, the answer holds the link."
    )


class SetupLinkAnswer(Answer):
    id: str
    scope: Scope
    note: str
    email: str | None
    state: SetupLinkState
    made_by: str = Field(description="Who made it, in words.")
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="When it was last opened, or a session of it used.")


class SetupLinkCreated(SetupLinkAnswer):
    url: str | None = Field(description="The link itself, in this answer only; null where it was mailed.")


@operation("POST", _PATH, body=NewSetupLink, answer=SetupLinkCreated, status=HTTPStatus.CREATED, codes=_CODES,
           limited=True)  # fmt: skip
def create_setup_link(org: str, body: NewSetupLink, acting: Member | None) -> SetupLinkCreated | Refused:
    """Make a link with which somebody who is no member sets up single sign-on or a directory, for seven days.

    The administrator named by `on_behalf_of` stands behind it: the link ends when they are none any more, and when the
    key that made it is revoked or has expired.
    """
    unit = current.unit()
    made = setup_links.make(
        unit,
        org,
        scope=body.scope,
        note=body.note or "",
        email=body.email or "",
        admin=on_behalf.whose_address_is_proven(acting),
    )
    if isinstance(made, Refused):
        return made
    link = setup_links.read(unit, org, made.row.id)
    return SetupLinkCreated.of(link.row, state=link.state, made_by=link.row.maker_label, url=made.url or None)


@operation("GET", _PATH, query=PageQuery, answer=Page[SetupLinkAnswer])
def list_setup_links(org: str, query: PageQuery) -> Page[SetupLinkAnswer]:
    """List setup links, oldest first, those included that were revoked or have expired."""
    unit = current.unit()
    organizations.read(unit, org)
    return page(query, lambda after, limit: setup_links.page(unit, org, after=after, limit=limit), _show)


@operation("GET", _PATH + "/{lnk}", answer=SetupLinkAnswer)
def read_setup_link(org: str, lnk: str) -> SetupLinkAnswer:
    """Read one setup link, without the link itself."""
    return _show(setup_links.read(current.unit(), org, lnk))


@operation("DELETE", _PATH + "/{lnk}", query=ChangeQuery)
def revoke_setup_link(org: str, lnk: str) -> None:
    """Revoke a setup link: it opens nothing any more, and its sessions end at once. Doing so again changes nothing."""
    setup_links.revoke(current.unit(), org, lnk)


def _show(found: Listed) -> SetupLinkAnswer:
    return SetupLinkAnswer.of(found.row, state=found.state, made_by=found.row.maker_label)


OPERATIONS = (create_setup_link, list_setup_links, read_setup_link, revoke_setup_link)
