"""Every forged answer over the real routes: no session, one record under its own name, and the person gets its number.

The cases are those of tests/saml/cases.py and tests/oidc/cases.py, which also show that each is accepted when its one
change is undone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.factory import create_program
from app.rules.identity import Unverified
from app.store.sign_ins import SignInFlow
from tests.application import World, ports_for, settings_for
from tests.oidc import cases as oidc_cases
from tests.oidc.provider import NOW as OIDC_NOW
from tests.oidc.provider import Provider
from tests.oidc.sign_in import ACCEPTED, SignIn
from tests.ports.fakes import HandClock, Postbox, Switchboard, ZoneDns
from tests.saml import cases as saml_cases
from tests.saml.forge import BASE_URL, GCM, REQUEST_ID, STARTED_AT, Case, Encryption, Recipe
from tests.saml.forge import World as SamlWorld
from tests.scenes import found_organization
from tests.scim.fire.running import Amount, hold
from tests.sign_in_fire.test_readers import PROPERTIES
from tests.web.arrivals import Arrivals, Came, Times


@pytest.fixture(scope="module")
def arrivals(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arrivals]:
    """One installation for all cases: what a case changes is set again before each."""
    path = tmp_path_factory.mktemp("arrivals") / "doorward.db"
    shutil.copy(sqlite_template, path)
    clock, post, dns, switchboard = HandClock(), Postbox(), ZoneDns(), Switchboard()
    ports = replace(ports_for(clock, post, dns), http=switchboard)
    program = create_program(settings_for(f"sqlite:///{path}"), ports)
    organization = found_organization(World(program, clock, post, dns))
    organization.verify_domain()
    program.close()
    # The cases are written for another address than the one under which organizations are founded in tests.
    ports = replace(ports, base_url=BASE_URL)
    program = create_program(settings_for(f"sqlite:///{path}", base_url=BASE_URL), ports)
    organization.world.program = program
    made = Arrivals(organization, switchboard)
    made.install()
    yield made
    program.close()


def by_saml(arrivals: Arrivals, recipe: Recipe, world: SamlWorld) -> Came:
    if not world.asked:
        return arrivals.unasked(recipe.post(), revision=world.revision(), times=Times(STARTED_AT, world.now))
    return arrivals.saml(
        recipe.post(),
        revision=world.revision(),
        request_id=REQUEST_ID,
        is_test=world.is_test,
        times=Times(STARTED_AT, world.now),
    )


def by_oidc(arrivals: Arrivals, sign_in: SignIn, before: SignIn) -> Came:
    """Leave with the provider as it was before the change, come back with it as it is now."""
    arrivals.switchboard.end = before.provider
    secrets = {"nonce": sign_in.nonce, "verifier": sign_in.verifier}
    times = Times(sign_in.started_at, OIDC_NOW)
    return arrivals.oidc(
        sign_in.query,
        revision=sign_in.revision,
        secrets=secrets,
        is_test=sign_in.is_test,
        times=times,
        end=sign_in.provider,
    )


def assert_rejected(came: Came, name: str, *, is_test: bool, on_record: bool = True) -> None:
    assert came.sessions == 0
    if not on_record:
        assert (came.answer.status_code, came.records) == (403, [])
        assert f"<code>{name}</code>" in came.answer.text
        return
    (record,) = came.records
    assert (record.reason, record.outcome) == (name, "test_failed" if is_test else "rejected")
    assert "__Host-session" not in came.answer.headers.get("Set-Cookie", "")
    if not is_test:
        assert came.answer.status_code == 403
        assert record.id in came.answer.text


@pytest.mark.parametrize("case", saml_cases.CASES, ids=lambda case: case.id)
def test_saml_response_that_is_refused_opens_nothing_and_is_recorded_once(arrivals: Arrivals, case: Case) -> None:
    """Not at all where nobody has asked and anybody may have sent it."""
    on_record = not isinstance(case.world.verdict(case.recipe.post()), Unverified)
    came = by_saml(arrivals, case.recipe, case.world)
    assert_rejected(came, case.name, is_test=case.world.is_test, on_record=on_record)


@pytest.mark.parametrize("case", oidc_cases.CASES, ids=str)
def test_oidc_answer_that_is_refused_opens_nothing_and_is_recorded_once(
    arrivals: Arrivals, case: oidc_cases.Case
) -> None:
    sign_in = case.world()
    case.mutate(sign_in)
    assert_rejected(by_oidc(arrivals, sign_in, case.world()), case.name, is_test=sign_in.is_test)


@pytest.mark.parametrize("encryption", [None, GCM], ids=["plain", "encrypted"])
def test_unchanged_saml_response_opens_a_session(arrivals: Arrivals, encryption: Encryption | None) -> None:
    came = by_saml(arrivals, Recipe(encryption=encryption), SamlWorld())
    assert ([record.outcome for record in came.records], came.sessions) == (["signed_in"], 1)


@pytest.mark.parametrize("product", sorted(set(ACCEPTED) - {"rehearsal"}))
def test_unchanged_oidc_answer_opens_a_session(arrivals: Arrivals, product: str) -> None:
    sign_in = ACCEPTED[product]()
    for answered in (sign_in.provider.claims, sign_in.provider.userinfo):
        if "email" in answered:
            answered["email"] = f"{product.replace(' ', '-')}@acme.test"
    came = by_oidc(arrivals, sign_in, ACCEPTED[product]())
    assert ([record.outcome for record in came.records], came.sessions) == (["signed_in"], 1)


def test_no_posted_response_is_a_server_error(arrivals: Arrivals) -> None:
    def check(posted: str) -> None:
        came = by_saml(arrivals, Recipe(posted=lambda _: posted.encode("utf-8", "replace").decode()), SamlWorld())
        assert came.answer.status_code in {303, 403}, came.answer.text
        assert len(came.records) == 1
        assert (came.answer.status_code, came.sessions) in {(303, 1), (403, 0)}

    hold(check, Amount(40), st.one_of(PROPERTIES["tampered responses"].inputs(), PROPERTIES["posted text"].inputs()))


def test_no_query_at_the_callback_is_a_server_error(arrivals: Arrivals) -> None:
    def check(sign_in: SignIn) -> None:
        came = by_oidc(arrivals, sign_in, SignIn(Provider(issuer=sign_in.provider.issuer)))
        assert came.answer.status_code in {302, 303, 403}, came.answer.text
        assert (len(came.records), came.sessions) in {(0, 0), (1, 0), (1, 1)}

    hold(check, Amount(40), PROPERTIES["queries"].inputs())


def test_response_that_was_accepted_is_refused_when_it_comes_again(arrivals: Arrivals) -> None:
    posted = Recipe().post()
    times, revision = Times(STARTED_AT, SamlWorld().now), SamlWorld().revision()
    first = arrivals.saml(posted, revision=revision, request_id=REQUEST_ID, is_test=False, times=times)
    again = arrivals.saml(
        posted, revision=revision, request_id=REQUEST_ID, is_test=False, times=times, forgetting=False
    )
    assert first.sessions == 1
    assert_rejected(again, "replayed", is_test=False)


def test_sign_in_begun_elsewhere_leads_to_whom_and_where_it_was_wanted(arrivals: Arrivals) -> None:
    sign_in = ACCEPTED["plain"]()
    issuer = str(sign_in.revision.settings["issuer"])
    wanted = {"iss": issuer, "login_hint": " Ada@acme.test", "target_link_uri": f"{BASE_URL}/profile?a=b"}

    left = arrivals.begun_elsewhere(wanted, revision=sign_in.revision, end=sign_in.provider)

    query = parse_qs(urlsplit(left.headers["Location"]).query)
    assert (left.status_code, query["login_hint"]) == (303, ["ada@acme.test"])
    with arrivals.world.transactions.reading() as unit:
        flow = unit.session.scalars(select(SignInFlow).where(SignInFlow.handle == query["state"][0])).one()
        assert (flow.return_to, flow.email) == ("/profile?a=b", "ada@acme.test")


def test_wish_that_makes_no_sense_is_passed_over(arrivals: Arrivals) -> None:
    sign_in = ACCEPTED["plain"]()
    wanted = {"login_hint": "nobody", "target_link_uri": "https://evil.test/"}

    left = arrivals.begun_elsewhere(wanted, revision=sign_in.revision, end=sign_in.provider)

    query = parse_qs(urlsplit(left.headers["Location"]).query)
    assert (left.status_code, "login_hint" in query) == (303, False)
    with arrivals.world.transactions.reading() as unit:
        flow = unit.session.scalars(select(SignInFlow).where(SignInFlow.handle == query["state"][0])).one()
        assert (flow.return_to, flow.email) == (None, "")


def test_sign_in_begun_for_another_provider_is_not_begun(arrivals: Arrivals) -> None:
    sign_in = ACCEPTED["plain"]()

    def flows() -> int:
        with arrivals.world.transactions.reading() as unit:
            return unit.session.scalar(select(func.count()).select_from(SignInFlow)) or 0

    before = flows()
    left = arrivals.begun_elsewhere({"iss": "https://evil.test"}, revision=sign_in.revision, end=sign_in.provider)

    assert (left.status_code, flows()) == (400, before)
    assert "begun for another identity provider" in left.text


def test_answer_at_the_address_of_the_other_protocol_is_no_answer(arrivals: Arrivals) -> None:
    came = arrivals.at_the_other_protocol(Recipe().post(), revision=SamlWorld().revision())
    assert came.answer.status_code == 403
    assert (came.records, came.sessions) == ([], 0)


def test_metadata_of_a_connection_of_the_other_protocol_is_not_found(arrivals: Arrivals) -> None:
    assert arrivals.world.program.app.test_client().get("/saml/conn_2/metadata", base_url=BASE_URL).status_code == 404
