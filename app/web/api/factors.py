"""Second factors of members as JSON: which there are, and their reset."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.rules.decisions import Refused
from app.services import factors, members
from app.web import request as current
from app.web.api.operations import operation
from app.web.api.paging import Page, PageQuery, page_of_all
from app.web.api.shapes import Answer, ChangeQuery

_PATH = "/organizations/{org}/members/{mem}/factors"


class FactorAnswer(Answer):
    id: str
    created_at: datetime
    last_used_at: datetime | None = Field(description="When a code of it was last accepted; backup codes do not count.")
    backup_codes_left: int
    backup_codes_confirmed: bool = Field(description="Whether the member says that the backup codes are stored.")
    locked: bool = Field(description="Whether too many wrong codes were typed, so that none is looked at for a while.")


@operation("GET", _PATH, query=PageQuery, answer=Page[FactorAnswer])
def list_factors(org: str, mem: str, query: PageQuery) -> Page[FactorAnswer]:
    """List the second factors of a member: their authenticator app, if they have one."""
    unit = current.unit()
    member = members.read(unit, org, mem)
    found = factors.of_member(unit, member.id)
    return page_of_all(query, [found] if found is not None else [], _show)


@operation("DELETE", _PATH + "/{fac}", query=ChangeQuery)
def reset_factor(org: str, mem: str, fac: str) -> Refused | None:
    """Take a second factor away, with its backup codes. The member's sessions end, and they are told by mail."""
    unit = current.unit()
    unit.lock(org)
    return factors.reset(unit, members.read(unit, org, mem), fac)


def _show(facts: factors.FactorFacts) -> FactorAnswer:
    return FactorAnswer.of(
        facts,
        backup_codes_left=facts.left,
        backup_codes_confirmed=facts.confirmed,
        locked=facts.wait is not None,
    )


OPERATIONS = (list_factors, reset_factor)
