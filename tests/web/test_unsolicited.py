"""Sign-ins that begin at the identity provider: nobody here asked for them, so the person is asked, and decides."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from app.rules.actor import OPERATOR
from app.rules.identity import Rejection
from app.rules.limits import UNSOLICITED
from app.services import connection_settings, connections, unsolicited
from app.services.steps import TurnedAway
from app.store import attempts
from app.store.attempts import SignInRecord
from app.store.connections import Connection, ConsumedAssertion, Proof
from app.store.members import Member
from app.store.sign_ins import SignInFlow, SignInSession
from tests.application import BASE_URL, Browser, World
from tests.saml.forge import Edit, attr, both, drop, nobody_asked, put
from tests.saml.logouts import REQUEST
from tests.scenes import ADA, GRACE
from tests.web.settings.scenes import BY_HAND, Desk, answer_about, come_back, desk, flat, post_answer, signed_in
from tests.web.test_logout import Office

ALLOWED = {"allow_idp_initiated": "yes"}
SESSION = "__Host-doorward="


def unasked(connection_id: str, email: str = ADA, *edits: Edit) -> str:
    """An answer that nobody has asked for, one for each person. Ada is who tested the connection, everybody else is new
    to it.
    """
    subject, id_ = "u-1" if email == ADA else f"u-{email}", f"_tile-of-{email.partition('@')[0]}"
    named = both(nobody_asked, attr("//saml:Assertion", "ID", id_), put("//saml:NameID", subject), *edits)
    return answer_about(connection_id, email, named)


def come_from_tile(browser: Browser, connection_id: str, email: str = ADA, relay_state: str = "") -> str:
    """Open the tile at the provider, up to our page: where its answer goes."""
    arrived = post_answer(browser, connection_id, unasked(connection_id, email), relay_state)
    assert arrived.status_code == 303, arrived.text
    assert SESSION not in str(arrived.headers)
    browser.get(arrived.headers["Location"])
    return action(browser)


def action(browser: Browser) -> str:
    """Where the page that asks sends the answer."""
    (found,) = re.findall(r'action="(/sign-in/consent[^"]*)"', browser.page)
    return str(found)


def agree(browser: Browser, href: str) -> TestResponse:
    return browser.submit(href, answer="continue")


def records(at: Desk, purpose: str = "idp_initiated") -> list[tuple[str, str | None]]:
    """What is on record of sign-ins that began at the provider."""
    with at.world.transactions.reading() as unit:
        rows = attempts.after(unit.session, at.organization.id, after_id="", limit=200)
        return [(row.outcome, row.reason) for row in rows if row.purpose == purpose]


def number_of_sessions(world: World) -> int:
    with world.transactions.reading() as unit:
        return unit.session.scalar(select(func.count()).select_from(SignInSession)) or 0


def assert_refused(answer: TestResponse, reason: str) -> None:
    assert answer.status_code == 403, answer.text
    assert f"<code>{reason}</code>" in answer.text
    assert SESSION not in str(answer.headers)


def test_person_is_asked_and_then_signed_in(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    browser, before = world.browser(), number_of_sessions(world)

    href = come_from_tile(browser, connection_id)

    assert f"Sign in to Acme? You came from Acme Okta, as {ADA} ." in flat(browser.page)
    assert "signed in here" not in browser.page
    assert (records(at), number_of_sessions(world)) == ([], before)
    assert agree(browser, href).headers["Location"] == "/"
    assert browser.get("/profile").status_code == 200
    assert records(at) == [("signed_in", None)]
    assert "Acme Okta, started at the identity provider" in flat(at.browser.get("/settings/sign-ins").text)


@pytest.mark.parametrize(
    ("relay_state", "leads_to"),
    [
        (f"{BASE_URL}/profile?a=b", "/profile?a=b"),
        ("https://evil.test/", "/"),
    ],
)
def test_relay_state_leads_to_a_page_of_this_host_or_nowhere(world: World, relay_state: str, leads_to: str) -> None:
    connection_id = desk(world).require_single_sign_on(**ALLOWED)
    browser = world.browser()

    answer = agree(browser, come_from_tile(browser, connection_id, relay_state=relay_state))

    assert answer.headers["Location"] == leads_to


def test_unsolicited_answer_is_refused_and_on_record_where_it_is_not_allowed(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on()

    answer = post_answer(world.browser(), connection_id, unasked(connection_id))

    assert_refused(answer, "unsolicited")
    assert records(at) == [("rejected", "unsolicited")]
    assert "with its reason and what to change" in flat(answer.text)


def test_people_come_one_after_the_other(world: World) -> None:
    connection_id = desk(world).require_single_sign_on(**ALLOWED)
    hrefs = {
        email: (browser := world.browser(), come_from_tile(browser, connection_id, email)) for email in (ADA, GRACE)
    }

    assert [agree(browser, href).status_code for browser, href in hrefs.values()] == [303, 303]


def test_settings_that_only_wait_allow_nothing(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on()
    at.browser.get(f"/settings/connections/{connection_id}/edit")
    edited = at.browser.submit(f"/settings/connections/{connection_id}/edit", **BY_HAND, **ALLOWED)
    assert edited.status_code == 303
    answer = post_answer(world.browser(), connection_id, unasked(connection_id))

    assert_refused(answer, "unsolicited")


@pytest.mark.parametrize("known", [True, False], ids=["a connection that is not in force", "no connection"])
def test_unsolicited_answer_opens_nothing_where_nothing_is_in_force(world: World, known: bool) -> None:
    at = desk(world)
    at.verify_domain()
    connection_id = at.connect(**ALLOWED) if known else "conn_1"

    assert_refused(post_answer(world.browser(), connection_id, unasked(connection_id)), "flow_expired")
    assert records(at) == []


def test_answer_to_a_request_of_another_browser_is_no_unsolicited_one(world: World) -> None:
    """The answer to somebody's own request, stolen on its way and posted without their cookie."""
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    victim, thief = world.browser(), world.browser()
    victim.get("/sign-in")
    leaving = victim.submit("/sign-in", email=ADA)

    assert_refused(come_back(thief, connection_id, leaving, ADA), "request_unknown")
    assert records(at, "sign_in")[-1] == ("rejected", "request_unknown")  # it began here
    assert come_back(victim, connection_id, leaving, ADA).headers["Location"] == "/"


def test_what_anybody_may_have_sent_leaves_nothing_on_record(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    browser = world.browser()

    assert_refused(post_answer(browser, connection_id, ""), "response_missing")
    assert_refused(post_answer(browser, connection_id, unasked("conn_2")), "destination_mismatch")

    assert records(at) == []


def test_flood_of_one_answer_is_put_on_record_a_hundred_times_an_hour(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    rejection = Rejection("unsolicited", "Not here.")

    with world.transactions.writing() as unit:
        revision = connection_settings.in_force(unit, connection_id, protocol="saml")
        assert revision is not None
        steps = [
            unsolicited.arrive(unit, revision, browser="b", result=rejection, return_to=None)
            for _ in range(UNSOLICITED.most + 1)
        ]

    assert len(records(at)) == UNSOLICITED.most
    assert [bool(step.reference) for step in steps if isinstance(step, TurnedAway)] == [True] * 100 + [False]


def test_answer_that_came_twice_asks_once(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    posted = unasked(connection_id)
    first = post_answer(world.browser(), connection_id, posted)

    assert first.status_code == 303
    assert_refused(post_answer(world.browser(), connection_id, posted), "replayed")
    assert records(at) == [("rejected", "replayed")]
    assert f"{ADA} Acme Okta, started at the identity provider" in flat(at.browser.get("/settings/sign-ins").text)


def test_answer_that_is_minutes_old_is_refused_though_it_is_still_valid(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    posted = unasked(connection_id)
    world.clock.advance(minutes=5, seconds=1)

    assert_refused(post_answer(world.browser(), connection_id, posted), "issued_too_long_ago")


def test_answer_that_came_while_the_settings_were_replaced_is_refused(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    with world.transactions.reading() as unit:
        revision = connection_settings.in_force(unit, connection_id, protocol="saml")
    assert revision is not None
    turn_off(at, connection_id)
    with world.transactions.writing() as unit:
        nobody = Rejection("unsolicited", "No.")
        step = unsolicited.arrive(unit, revision, browser="b", result=nobody, return_to=None)

    assert isinstance(step, TurnedAway)
    assert step.refused.code == "flow_expired"


# ------------------------------------------------------------------------------------------------------ the page that
# asks


def test_page_answered_by_another_browser_signs_nobody_in(world: World) -> None:
    connection_id = desk(world).require_single_sign_on(**ALLOWED)
    theirs, other = world.browser(), world.browser()
    href = come_from_tile(theirs, connection_id)
    other.get("/sign-in")

    assert_refused(other.get(f"/sign-in/continue?{href.partition('?')[2]}"), "flow_expired")
    other.get("/sign-in")
    assert_refused(agree(other, href), "flow_expired")
    assert agree(theirs, href).status_code == 303


def test_page_counts_once(world: World) -> None:
    connection_id = desk(world).require_single_sign_on(**ALLOWED)
    browser = world.browser()
    href = come_from_tile(browser, connection_id)
    agree(browser, href)
    browser.get("/sign-in")

    assert_refused(agree(browser, href), "flow_expired")


def test_page_counts_for_ten_minutes(world: World) -> None:
    connection_id = desk(world).require_single_sign_on(**ALLOWED)
    browser = world.browser()
    href = come_from_tile(browser, connection_id)
    world.clock.advance(minutes=10)

    assert_refused(agree(browser, href), "flow_expired")


@pytest.mark.parametrize("answer", ["", "yes"])
def test_page_sent_without_an_answer_decides_nothing(world: World, answer: str) -> None:
    connection_id = desk(world).require_single_sign_on(**ALLOWED)
    browser = world.browser()
    href = come_from_tile(browser, connection_id)

    assert browser.submit(href, answer=answer).status_code == 400
    browser.get(f"/sign-in/continue?{href.partition('?')[2]}")
    assert agree(browser, href).status_code == 303


@pytest.mark.parametrize(
    ("site", "token"), [("cross-site", True), ("same-origin", False)], ids=["from another site", "without our form"]
)
def test_page_cannot_be_answered_by_another_site(world: World, site: str, token: bool) -> None:
    connection_id = desk(world).require_single_sign_on(**ALLOWED)
    browser = world.browser()
    href = come_from_tile(browser, connection_id)
    form = {"answer": "continue", "form_token": browser._form_token if token else ""}

    forged = browser.client.post(href, base_url=BASE_URL, data=form, headers={"Sec-Fetch-Site": site})

    assert (forged.status_code, SESSION in str(forged.headers)) == (403, False)
    assert agree(browser, href).status_code == 303


def test_whoever_is_somebody_else_stays_out_and_it_is_on_record(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    browser = world.browser()
    href = come_from_tile(browser, connection_id)

    answer = browser.submit(href, answer="not-me")

    assert answer.headers["Location"] == "/sign-in?declined"
    assert "You were not signed in." in browser.get("/sign-in?declined").text
    assert records(at) == [("refused", "sign_in_declined")]
    assert_refused(agree(browser, href), "flow_expired")
    assert_refused(browser.submit(href, answer="not-me"), "flow_expired")


def test_page_says_who_is_signed_in_already_and_continuing_ends_that(world: World) -> None:
    at = desk(world)
    at.member(GRACE)
    connection_id = at.require_single_sign_on(**ALLOWED)
    href = come_from_tile(at.browser, connection_id, GRACE)

    assert f"This browser is signed in as {ADA}. Continuing ends that." in flat(at.browser.page)
    assert agree(at.browser, href).status_code == 303
    assert GRACE in at.browser.get("/profile").text


def test_whoever_is_signed_in_already_stays_so_when_it_is_not_them(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    href = come_from_tile(at.browser, connection_id, GRACE)

    assert at.browser.submit(href, answer="not-me").headers["Location"] == "/"
    assert ADA in at.browser.get("/profile").text


def test_page_says_nothing_of_a_session_of_the_same_person(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    come_from_tile(at.browser, connection_id)

    assert "signed in here" not in at.browser.page


# --------------------------------------------------------------------------------------------- decided when they agree


def turn_off(at: Desk, connection_id: str) -> None:
    with at.world.transactions.writing(OPERATOR) as unit:
        connections.to_deactivate(unit, at.organization.id, connection_id).apply()


def no_longer_allow(at: Desk, connection_id: str) -> None:
    """Put other settings in force that do not allow it."""
    at.browser.get(f"/settings/connections/{connection_id}/edit")
    at.browser.submit(f"/settings/connections/{connection_id}/edit", **BY_HAND)
    at.test_sign_in(connection_id)
    swapped = at.browser.submit_as_planned(f"/settings/connections/{connection_id}/activate")
    assert "revision-applied" in swapped.headers["Location"]


@pytest.mark.parametrize("change", [turn_off, no_longer_allow])
def test_agreeing_after_the_way_in_was_closed_signs_nobody_in(world: World, change: object) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    browser = world.browser()
    href = come_from_tile(browser, connection_id)
    assert callable(change)
    change(at, connection_id)

    assert_refused(agree(browser, href), "flow_expired")
    with world.transactions.reading() as unit:
        flow = unit.session.get(SignInFlow, href.partition("flow=")[2])
        assert flow is not None
        assert flow.spent_at is not None


def test_agreeing_after_a_suspension_is_refused_like_any_sign_in(world: World) -> None:
    at = desk(world)
    grace = at.member(GRACE)
    connection_id = at.require_single_sign_on(**ALLOWED)
    browser = world.browser()
    href = come_from_tile(browser, connection_id, GRACE)
    with world.transactions.writing(OPERATOR) as unit:
        unit.session.execute(update(Member).where(Member.id == grace.id).values(suspended=True))

    assert_refused(agree(browser, href), "member_suspended")
    assert records(at) == [("refused", "member_suspended")]


def test_unknown_person_becomes_a_member_once_they_agree(world: World) -> None:
    connection_id = desk(world).require_single_sign_on(**ALLOWED)
    browser = world.browser()
    href = come_from_tile(browser, connection_id, GRACE)
    assert is_member(world, GRACE) is False

    agree(browser, href)

    assert is_member(world, GRACE) is True


def is_member(world: World, email: str) -> bool:
    with world.transactions.reading() as unit:
        return unit.session.scalar(select(Member.id).where(Member.email == email)) is not None


def test_first_link_to_an_administrator_needs_an_emailed_code_here_too(world: World) -> None:
    at = desk(world)
    at.member(GRACE, role="admin")
    connection_id = at.require_single_sign_on(**ALLOWED)
    browser = world.browser()
    href = come_from_tile(browser, connection_id, GRACE)
    world.clock.advance(minutes=9)

    asked = agree(browser, href)
    world.clock.advance(minutes=9)

    assert "Confirm that this is you" in asked.text
    assert browser.enter_code(GRACE).headers["Location"] == "/"


def test_agreeing_again_is_no_way_round_the_emailed_code(world: World) -> None:
    at = desk(world)
    at.member(GRACE, role="admin")
    connection_id = at.require_single_sign_on(**ALLOWED)
    browser = world.browser()
    href = come_from_tile(browser, connection_id, GRACE)
    agree(browser, href)

    assert_refused(agree(browser, href), "flow_expired")
    browser.get("/sign-in")
    assert_refused(browser.submit(href, answer="not-me"), "flow_expired")


# ------------------------------------------------------------------------------------------------------- what it proves


def test_sign_in_proves_the_settings_in_force_and_only_once_it_came_about(world: World) -> None:
    at = desk(world)
    grace = at.member(GRACE)
    connection_id = at.require_single_sign_on(**ALLOWED)
    browser = world.browser()

    href = come_from_tile(browser, connection_id, GRACE)
    before = proofs(world, grace.id)
    agree(browser, href)

    with world.transactions.reading() as unit:
        revision = connection_settings.in_force(unit, connection_id, protocol="saml")
    assert revision is not None
    assert (before, proofs(world, grace.id)) == ([], [revision.revision_id])


def proofs(world: World, member_id: str) -> list[str]:
    with world.transactions.reading() as unit:
        return list(unit.session.scalars(select(Proof.revision_id).where(Proof.member_id == member_id)))


def test_person_counts_as_asked_when_the_provider_says_so_and_not_when_they_agreed(world: World) -> None:
    connection_id = desk(world).require_single_sign_on(**ALLOWED)
    asked_at = world.clock.now() - timedelta(days=2)
    stamp = attr("//saml:AuthnStatement", "AuthnInstant", asked_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    browser = world.browser()
    arrived = post_answer(browser, connection_id, unasked(connection_id, ADA, stamp))
    browser.get(arrived.headers["Location"])
    agree(browser, action(browser))

    with world.transactions.reading() as unit:
        newest = select(SignInSession.asked_at).order_by(SignInSession.id.desc()).limit(1)
        assert unit.session.scalar(newest) == asked_at


def test_confirmation_is_answered_by_no_unsolicited_answer(world: World) -> None:
    """Somebody who is signed in was sent to the provider to show that it is still them."""
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    browser = world.browser()
    agree(browser, come_from_tile(browser, connection_id))
    browser.get("/profile/confirm")
    leaving = browser.submit("/profile/confirm", next="/profile")
    (handle,) = re.findall(r"RelayState=([\w-]+)", leaving.text)[:1]

    answer = post_answer(browser, connection_id, unasked(connection_id, GRACE), handle)

    assert_refused(answer, "in_response_to_missing")
    with world.transactions.reading() as unit:
        kept = unit.session.scalars(select(SignInRecord.outcome).where(SignInRecord.purpose == "confirm")).all()
        consumed = unit.session.scalars(select(ConsumedAssertion.replay_key)).all()
    assert (kept, "_tile-of-grace" in consumed) == (["rejected"], False)


# --------------------------------------------------------------------------------------------------- the settings page


def test_card_warns_for_as_long_as_it_is_allowed(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    warning = "People may come in from the identity provider's page without having asked for it here."
    assert warning in flat(at.page())

    no_longer_allow(at, connection_id)

    assert warning not in flat(at.page())
    assert "Allow sign-ins that begin at the identity provider" in flat(
        at.browser.get(f"/settings/connections/{connection_id}/revisions").text
    )


def test_form_is_filled_in_with_what_is_allowed(world: World) -> None:
    at = desk(world)
    at.verify_domain()
    connection_id = at.connect(**ALLOWED)

    page = at.browser.get(f"/settings/connections/{connection_id}/edit").text

    assert re.search(r'name="allow_idp_initiated" value="yes" checked', page)


def test_member_reads_on_their_profile_where_a_sign_in_began(world: World) -> None:
    at = desk(world)
    at.member(GRACE)
    grace = signed_in(world, GRACE)
    connection_id = at.require_single_sign_on(**ALLOWED)
    agree(grace, come_from_tile(grace, connection_id, GRACE))

    assert "Acme Okta, started at the identity provider" in flat(grace.get("/profile").text)


def test_consent_to_a_connection_that_is_deleted_at_this_moment_signs_nobody_in(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    browser, answers = world.browser(), list[TestResponse]()
    href = come_from_tile(browser, connection_id)
    theirs = threading.Thread(target=lambda: answers.append(agree(browser, href)))
    with world.transactions.writing() as unit:
        unit.lock(at.organization.id)
        theirs.start()
        theirs.join(0.5)  # waits
        unit.session.delete(unit.session.get(Connection, connection_id))
    theirs.join()

    assert_refused(answers[0], "flow_expired")


def test_whoever_signed_out_at_the_provider_is_not_signed_in_by_the_page_they_left(world: World) -> None:
    """At a shared computer: the page that asks is open, its owner signs out at the provider and goes."""
    at = desk(world)
    at.member(GRACE)
    office = Office(at, at.require_single_sign_on(**ALLOWED))
    left, others = world.browser(), world.browser()
    href = come_from_tile(left, office.connection_id)
    also_asked = come_from_tile(others, office.connection_id, GRACE)

    office.send(REQUEST, drop("//samlp:SessionIndex"))

    assert_refused(agree(left, href), "flow_expired")
    assert agree(others, also_asked).headers["Location"] == "/"


def test_answer_for_a_connection_that_is_deleted_while_it_waits_signs_nobody_in(world: World) -> None:
    at = desk(world)
    connection_id = at.require_single_sign_on(**ALLOWED)
    posted, answers = unasked(connection_id), list[TestResponse]()
    theirs = threading.Thread(target=lambda: answers.append(post_answer(world.browser(), connection_id, posted)))
    with world.transactions.writing() as unit:
        unit.lock(at.organization.id)
        unit.session.delete(unit.session.get(Connection, connection_id))
        unit.session.flush()
        theirs.start()
        theirs.join(0.5)  # verified, and waits
    theirs.join()

    assert_refused(answers[0], "flow_expired")


# ------------------------------------------------------------------------------------- the address of another protocol


@pytest.mark.parametrize("query", ["", "?iss=https%3A%2F%2Fidp.test", "?login_hint=grace%40acme.test"])
def test_sign_in_of_another_protocol_begins_nothing(world: World, query: str) -> None:
    """The address that a tile of OpenID Connect opens, for a connection that speaks SAML."""
    connection_id = desk(world).require_single_sign_on(**ALLOWED)
    browser = world.browser()

    answer = browser.client.get(f"/oidc/{connection_id}/login{query}", base_url=BASE_URL)

    assert answer.status_code == 404, answer.text
    with world.transactions.reading() as unit:
        begun = select(func.count()).select_from(SignInFlow).where(SignInFlow.spent_at.is_(None))
        assert unit.session.scalar(begun) == 0
