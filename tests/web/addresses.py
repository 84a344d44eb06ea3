"""Addresses of every kind that nobody may tell apart from outside, and all that a stranger can ask with one."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.rules.ids import Prefix
from app.services import factors
from app.services.unit_of_work import UnitOfWork
from app.store.members import Member
from tests.authenticator import Authenticator
from tests.scenes import HOST, Organization

_WRONG = {"code": "000000", "recovery_code": "aaaaa-bbbbb-ccccc-ddddd-eeeee-f"}
#: Headers that say something else every time.
_OWN = frozenset({"date", "set-cookie"})


class Kind(StrEnum):
    """Who has an address. All are at one host: whether that has single sign-on is told to everybody."""

    UNKNOWN = "unknown"
    CONTROL = "another unknown"
    MEMBER = "member"
    ADMINISTRATOR = "administrator with an app"
    SUSPENDED = "suspended member"


class Question(StrEnum):
    """What a stranger asks, in this order."""

    SIGN_IN = "POST /sign-in"
    CODE_PAGE = "its page"
    WRONG_CODE = "wrong code there"
    RECOVER = "POST /recover"
    CODES_PAGE = "the page of it"
    WRONG_CODES = "wrong codes there"


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer; `headers` in the order they came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    seconds: float = 0.0

    def told(self, address: str) -> str:
        """All of it, but for what is made anew for each visitor: tokens, names of flows, the time."""
        headers = (name if name.lower() in _OWN else f"{name}: {value}" for name, value in self.headers)
        text = "\n".join([str(self.status), *headers, "", self.body])
        for found, put in (
            (re.escape(address), "ADDRESS"),
            (r"flow_[0-9a-z]+", "FLOW"),
            (r'name="form_token" value="[^"]+"', "TOKEN"),
        ):
            text = re.sub(found, put, text)
        return text


class Visitor(Protocol):
    """A browser that was never here before."""

    def get(self, path: str) -> Seen: ...

    def post(self, path: str, fields: Mapping[str, str]) -> Seen: ...


def ask_everything(visitor: Visitor, address: str) -> dict[Question, Seen]:
    """Every question about one address. Fails where an answer is not of the usual kind, such as one of a limit."""
    token = _found(r'name="form_token" value="([^"]+)"', visitor.get("/sign-in").body)
    seen: dict[Question, Seen] = {}
    for begin, page, wrong, path in (
        (Question.SIGN_IN, Question.CODE_PAGE, Question.WRONG_CODE, "/sign-in"),
        (Question.RECOVER, Question.CODES_PAGE, Question.WRONG_CODES, "/recover"),
    ):
        seen[begin] = _expected(303, visitor.post(path, {"email": address, "form_token": token}))
        seen[page] = _expected(200, visitor.get(dict(seen[begin].headers)["Location"]))
        action = _found(r'action="(/sign-in/code[^"]*)"', seen[page].body)
        seen[wrong] = _expected(400, visitor.post(action, {**_WRONG, "form_token": token}))
    return seen


def people(organization: Organization, number: int, *, seed: int) -> dict[Kind, list[str]]:
    """So many addresses of each kind, all of one length, and those who have them."""
    numbers = list(range(number * len(Kind)))
    random.Random(seed).shuffle(numbers)
    addresses = [f"person-{one:06d}@{HOST}" for one in numbers]
    by_kind = {kind: addresses[place :: len(Kind)] for place, kind in enumerate(Kind)}
    with organization.world.transactions.writing() as unit:
        for kind in (Kind.MEMBER, Kind.ADMINISTRATOR, Kind.SUSPENDED):
            for address in by_kind[kind]:
                _add(organization, unit, address, kind)
    return by_kind


def _add(organization: Organization, unit: UnitOfWork, address: str, kind: Kind) -> None:
    role = "admin" if kind is Kind.ADMINISTRATOR else "member"
    member = Member(
        id=unit.id(Prefix.MEMBER),
        organization_id=organization.id,
        email=address,
        name="Somebody",
        state="active",
        suspended=kind is Kind.SUSPENDED,
        granted_role=role,
        role=role,
        role_source="granted",
        sign_in_groups=[],
        created_at=unit.now,
    )
    unit.session.add(member)
    unit.flush()
    if kind is Kind.ADMINISTRATOR:
        app = Authenticator(factors.new_secret(unit), organization.world.clock)
        factors.enroll(unit, member, app.secret, app.code())


def _expected(status: int, seen: Seen) -> Seen:
    if seen.status != status:
        raise AssertionError(f"{seen.status} instead of {status}: {seen.body[:300]}")
    return seen


def _found(pattern: str, page: str) -> str:
    found = re.search(pattern, page)
    if found is None:
        raise AssertionError(f"{pattern} is not in {page[:300]}")
    return html.unescape(found.group(1))
