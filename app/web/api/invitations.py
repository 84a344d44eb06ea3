"""Invitations as JSON: made, listed, sent again, revoked."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from pydantic import Field, StringConstraints

from app.rules.decisions import Code, Refused
from app.rules.invitations import InvitationState
from app.services import invitations, organizations
from app.services.invitations import Listed
from app.services.rows import Invitation
from app.web import request as current
from app.web.api.operations import operation
from app.web.api.paging import Page, PageQuery, page
from app.web.api.shapes import Answer, ChangeBody, ChangeQuery

_PATH = "/organizations/{org}/invitations"
_REFUSALS = (Code.MEMBER_EXISTS, Code.INVITATION_FROM_DIRECTORY, Code.GUESTS_REFUSED, Code.OWN_HOLD)


class NewInvitation(ChangeBody):
    email: Annotated[str, StringConstraints(min_length=3, max_length=254)]
    role: Annotated[str, StringConstraints(min_length=1, max_length=63)] = Field(
        "member", description="The slug of the role they are to have."
    )


class InvitationAnswer(Answer):
    id: str
    email: str
    role: str
    state: InvitationState
    invited_by: str = Field(description="Who made it, in words.")
    created_at: datetime
    sent_at: datetime
    expires_at: datetime


@operation("POST", _PATH, body=NewInvitation, answer=InvitationAnswer, status=HTTPStatus.CREATED,
           codes=(Code.INVITATION_OPEN, *_REFUSALS), limited=True)  # fmt: skip
def create_invitation(org: str, body: NewInvitation) -> InvitationAnswer | Refused:
    """Invite somebody; they are mailed a link that is good for seven days.

    They accept it by proving the address: with an emailed code, or through the identity provider where single sign-on
    is required.
    """
    unit = current.unit()
    return _one(org, invitations.invite(unit, org, email=body.email, role=body.role))


@operation("GET", _PATH, query=PageQuery, answer=Page[InvitationAnswer])
def list_invitations(org: str, query: PageQuery) -> Page[InvitationAnswer]:
    """List invitations, oldest first, those included that were answered, revoked or have expired."""
    unit = current.unit()
    organizations.read(unit, org)
    return page(query, lambda after, limit: invitations.page(unit, org, after=after, limit=limit), _show)


@operation("GET", _PATH + "/{inv}", answer=InvitationAnswer)
def read_invitation(org: str, inv: str) -> InvitationAnswer:
    """Read one invitation."""
    return _show(invitations.read(current.unit(), org, inv))


@operation("POST", _PATH + "/{inv}/resend", body=ChangeBody, answer=InvitationAnswer, codes=_REFUSALS, limited=True)
def resend_invitation(org: str, inv: str) -> InvitationAnswer | Refused:
    """Mail a new link, good for another seven days; the earlier one is void. At most once a minute."""
    return _one(org, invitations.send_again(current.unit(), org, inv))


@operation("DELETE", _PATH + "/{inv}", query=ChangeQuery)
def revoke_invitation(org: str, inv: str) -> None:
    """Revoke an invitation that was not answered yet."""
    invitations.revoke(current.unit(), org, inv)


def _one(organization_id: str, outcome: Invitation | Refused) -> InvitationAnswer | Refused:
    if isinstance(outcome, Refused):
        return outcome
    return _show(invitations.read(current.unit(), organization_id, outcome.id))


def _show(found: Listed) -> InvitationAnswer:
    return InvitationAnswer.of(found.row, state=found.state, invited_by=found.row.inviter_label)


OPERATIONS = (create_invitation, list_invitations, read_invitation, resend_invitation, revoke_invitation)
