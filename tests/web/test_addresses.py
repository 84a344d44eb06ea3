"""Whoever asks from outside does not learn which addresses are known here: not by what is answered, nor by the work it
takes. How long it takes is measured by bench/enumeration.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from werkzeug.test import Client, TestResponse

from tests.application import BASE_URL, World
from tests.scenes import found_organization
from tests.web.addresses import Kind, Question, Seen, ask_everything, people
from tests.web.test_forward_auth import statements

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Stranger:
    """A browser in this process; it keeps what each of its questions sends to the database."""

    world: World
    client: Client
    asked: list[list[str]]

    def get(self, path: str) -> Seen:
        return self._noted("GET", path, None)

    def post(self, path: str, fields: Mapping[str, str]) -> Seen:
        return self._noted("POST", path, dict(fields))

    def _noted(self, method: str, path: str, data: dict[str, str] | None) -> Seen:
        with statements(self.world) as made:
            answer = self.client.open(path, method=method, base_url=BASE_URL, data=data, headers=SAME_ORIGIN)
        self.asked.append(made)
        return _seen(answer)


def _seen(answer: TestResponse) -> Seen:
    return Seen(answer.status_code, tuple(answer.headers), answer.text)


def visit(world: World, address: str) -> tuple[dict[Question, Seen], list[list[str]]]:
    """What is answered to a stranger who asks everything about this address, and the statements it takes."""
    visitor = Stranger(world, world.program.app.test_client(), [])
    return ask_everything(visitor, address), visitor.asked


@pytest.fixture
def addresses(world: World) -> dict[Kind, str]:
    """One address of each kind, at a host that the organization has verified."""
    organization = found_organization(world)
    organization.verify_domain()
    organization.store_recovery_codes()
    return {kind: found[0] for kind, found in people(organization, 1, seed=1).items()}


def test_no_answer_tells_whether_an_address_is_known(world: World, addresses: dict[Kind, str]) -> None:
    told = {
        kind: {question: seen.told(address) for question, seen in visit(world, address)[0].items()}
        for kind, address in addresses.items()
    }

    for kind, answers in told.items():
        assert answers == told[Kind.UNKNOWN], kind
    assert all("ADDRESS" in told[Kind.UNKNOWN][page] for page in (Question.CODE_PAGE, Question.CODES_PAGE))


def test_no_answer_takes_other_work_for_an_address_that_is_known(world: World, addresses: dict[Kind, str]) -> None:
    work = {kind: visit(world, address)[1] for kind, address in addresses.items()}

    for kind, statements_made in work.items():
        assert statements_made == work[Kind.UNKNOWN], kind
    assert any("members" in statement for made in work[Kind.UNKNOWN] for statement in made)
