"""Signing out at the identity provider, and because of it: over the real routes, on both databases."""

from __future__ import annotations

import hashlib
import html
import re
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import event, func, select, update
from werkzeug.test import TestResponse

from app.ports.sealing import KeyringSealing
from app.rules.limits import LOGOUTS_REJECTED
from app.store.attempts import SignInRecord
from app.store.connections import Connection
from app.store.events import EVENTS
from app.store.provider_sessions import ProviderSessionRow, SignOutRow
from app.store.sign_ins import SignInSession
from saml.redirect_binding import read_query
from tests.application import BASE_URL, OPERATOR_TOKEN, Browser, World
from tests.saml.forge import Edit, attr, both, drop, name_id, put
from tests.saml.logouts import ANSWER, CASES, PERSISTENT, REQUEST, SLO_URL, Logout
from tests.scenes import ADA, GRACE
from tests.web.api.caller import Api
from tests.web.settings.scenes import Desk, come_back, desk, flat

COOKIE, HOST = "__Host-doorward", "id.doorward.test"


@dataclass
class Office:
    """An organization that requires single sign-on through a provider with a logout URL."""

    desk: Desk
    connection_id: str
    arrivals: int = field(default=0)

    @property
    def world(self) -> World:
        return self.desk.world

    @property
    def logout_url(self) -> str:
        return f"{BASE_URL}/saml/{self.connection_id}/logout"

    def sign_in(self, email: str, *, index: str, subject: str = "u-1") -> Browser:
        """A browser in which somebody came in through the provider, in the session there that has this index."""
        self.arrivals += 1
        browser = self.world.browser()
        browser.get("/sign-in")
        leaving = browser.submit("/sign-in", email=email)
        also = both(attr("//saml:AuthnStatement", "SessionIndex", index), name_id(subject, PERSISTENT))
        answer = come_back(browser, self.connection_id, leaving, email, also=also)
        assert answer.status_code == 303, answer.text
        assert browser.get("/profile").status_code == 200
        return browser

    def send(self, logout: Logout = REQUEST, *also: Edit, id_: str = "_theirs", browser: Browser | None = None
             ) -> TestResponse:  # fmt: skip
        """A logout of the provider for this connection arrives in a browser."""
        addressed = both(attr("/samlp:*", "Destination", self.logout_url), attr("/samlp:*", "ID", id_), *also)
        edits = [addressed, *([logout.before] if logout.before else [])]
        return self.send_query(replace(logout, before=both(*edits)).sent(), browser=browser)

    def send_query(self, query: str, *, browser: Browser | None = None) -> TestResponse:
        client = (browser or self.world.browser()).client
        return client.get(f"/saml/{self.connection_id}/logout?{query}", base_url=BASE_URL)

    def living(self) -> int:
        """How many sessions live that were opened through the provider."""
        with self.world.transactions.reading() as unit:
            query = select(func.count()).select_from(SignInSession).where(SignInSession.ended_at.is_(None))
            return unit.session.scalar(query.where(SignInSession.opened_by == "single_sign_on")) or 0

    def kept(self) -> tuple[int, int]:
        """How much is kept of sessions at the provider: beside ours, and for signing out."""
        with self.world.transactions.reading() as unit:
            beside = unit.session.scalar(select(func.count()).select_from(ProviderSessionRow)) or 0
            sealed = select(func.count()).select_from(SignOutRow).where(SignOutRow.sealed.is_not(None))
            return beside, unit.session.scalar(sealed) or 0

    def records(self) -> list[SignInRecord]:
        """Logouts that were refused, oldest first."""
        with self.world.transactions.reading() as unit:
            query = select(SignInRecord).where(SignInRecord.purpose == "sign_out").order_by(SignInRecord.id)
            return list(unit.session.scalars(query))


@pytest.fixture
def office(world: World) -> Office:
    made = desk(world)
    return Office(made, made.require_single_sign_on(**{"idp.slo_url": SLO_URL}))


def is_in(browser: Browser) -> bool:
    return browser.get("/profile").status_code == 200


def way_on(page: str) -> str:
    """The link of the signed-out page that leads to the provider; "" where there is none."""
    found = re.search(r'<a href="([^"]+)">Also sign out at', page)
    return html.unescape(found.group(1)) if found else ""


def signed_out(browser: Browser) -> str:
    """Sign out, and the page that follows."""
    answer = browser.submit("/sign-out")
    assert answer.status_code == 303
    return browser.get(answer.headers["Location"]).text


# signing out here, and then there


def test_signing_out_ends_the_session_at_once_and_offers_the_provider(office: Office) -> None:
    browser = office.sign_in(ADA, index="s-1")
    assert office.kept() == (1, 0)

    page = signed_out(browser)

    assert not is_in(browser)
    assert office.living() == 0
    assert office.kept() == (0, 1)
    assert "You may still be signed in at Acme Okta." in flat(page)
    url = way_on(page)
    assert url.startswith(f"{SLO_URL}?SAMLRequest=")
    query = read_query(urlsplit(url).query.encode())
    assert "Signature" in query.parameters  # type: ignore[union-attr]  # a Rejection has none and fails here


def test_browser_comes_back_from_the_provider_and_is_told_so_once(office: Office) -> None:
    browser = office.sign_in(ADA, index="s-1")
    page = signed_out(browser)
    (handle,) = parse_qs(urlsplit(way_on(page)).query)["RelayState"]
    request_id = re.findall(r'ID="(_[^"]+)"', sent_xml(way_on(page)))[0]

    answer = replace(ANSWER, relay_state=handle, before=attr("/samlp:*", "InResponseTo", request_id))
    back = office.send(answer, browser=browser)

    assert back.headers["Location"] == f"/sign-in?signed-out={handle}"
    assert "You are signed out at Acme Okta too." in flat(browser.get(back.headers["Location"]).text)
    assert office.kept() == (0, 0)
    # Whatever comes afterwards changes nothing.
    assert office.send(replace(answer, key="attacker"), browser=browser).headers["Location"] == "/sign-in?signed-out"
    assert office.records() == []


def sent_xml(url: str) -> str:
    from saml.redirect_binding import Query, _inflated  # noqa: PLC0415 (what a provider would do)

    query = read_query(urlsplit(url).query.encode())
    assert isinstance(query, Query)
    xml = _inflated(query.parameters["SAMLRequest"])
    assert isinstance(xml, bytes)
    return xml.decode()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"key": "attacker"}, "Whether you are signed out at Acme Okta is not known"),
        ({"before": put("//saml:Issuer", "https://evil.test")}, "Whether you are signed out at Acme Okta is not known"),
        (
            {"before": attr("//samlp:StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")},
            "Acme Okta could not sign you out. Sign out there yourself.",
        ),
        (
            {"before": attr("//samlp:StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:PartialLogout")},
            "could not sign you out of every application",
        ),
    ],
    ids=["a forged answer", "another issuer", "it failed", "in part"],
)
def test_person_is_signed_out_whatever_the_provider_answers(
    office: Office, changes: dict[str, object], told: str
) -> None:
    browser = office.sign_in(ADA, index="s-1")
    url = way_on(signed_out(browser))
    (handle,) = parse_qs(urlsplit(url).query)["RelayState"]
    asked = attr("/samlp:*", "InResponseTo", re.findall(r'ID="(_[^"]+)"', sent_xml(url))[0])

    answer = replace(ANSWER, relay_state=handle, **changes)  # type: ignore[arg-type]  # the fields are Logout's own
    back = office.send(answer, asked, browser=browser)

    page = flat(browser.get(back.headers["Location"]).text)
    assert "You are signed out." in page
    assert told in page
    refused = [record.reason for record in office.records()]
    assert refused == ([] if "not known" not in told else refused[:1])
    assert bool(refused) is ("not known" in told)


@pytest.mark.parametrize("relay_state", [None, "another"])
def test_answer_without_its_state_shows_that_they_are_signed_out(office: Office, relay_state: str | None) -> None:
    browser = office.sign_in(ADA, index="s-1")
    signed_out(browser)
    back = office.send(replace(ANSWER, relay_state=relay_state), browser=browser)
    assert back.headers["Location"] == "/sign-in?signed-out"
    page = browser.get(back.headers["Location"]).text
    assert "You are signed out." in flat(page)
    assert way_on(page) == ""


def test_way_on_is_for_the_browser_that_signed_out_and_for_ten_minutes(office: Office) -> None:
    browser = office.sign_in(ADA, index="s-1")
    location = browser.submit("/sign-out").headers["Location"]

    assert way_on(office.world.browser().get(location).text) == ""
    office.world.clock.advance(minutes=9, seconds=59)
    assert way_on(browser.get(location).text)
    office.world.clock.advance(seconds=1)
    assert way_on(browser.get(location).text) == ""
    office.world.work()
    assert office.kept() == (0, 0)


def test_whoever_came_in_by_code_is_offered_nothing(world: World) -> None:
    made = desk(world)
    made.browser.get("/profile")
    assert made.browser.submit("/sign-out").headers["Location"] == "/sign-in?signed-out"


def test_provider_without_a_logout_url_is_not_offered(world: World) -> None:
    made = desk(world)
    office = Office(made, made.require_single_sign_on())
    page = signed_out(office.sign_in(ADA, index="s-1"))
    assert "You are signed out." in flat(page)
    assert way_on(page) == ""


def test_provider_whose_connection_is_off_meanwhile_is_not_offered(office: Office) -> None:
    location = office.sign_in(ADA, index="s-1").submit("/sign-out").headers["Location"]
    browser = office.sign_in(ADA, index="s-2")
    location = browser.submit("/sign-out").headers["Location"]
    _turn_off(office)
    assert way_on(browser.get(location).text) == ""


def test_session_that_has_expired_leaves_nothing_behind(office: Office) -> None:
    office.sign_in(ADA, index="s-1")
    assert office.kept() == (1, 0)
    office.world.clock.advance(days=8)
    office.world.work()
    assert office.kept() == (0, 0)


# signing out there


def test_request_ends_every_session_of_its_subject_and_nobody_else_s(office: Office) -> None:
    office.desk.member(GRACE)
    first, second = office.sign_in(ADA, index="s-1"), office.sign_in(ADA, index="s-2")
    grace = office.sign_in(GRACE, index="s-3", subject="u-2")

    answer = office.send(REQUEST, drop("//samlp:SessionIndex"), browser=first)

    assert (is_in(first), is_in(second), is_in(grace)) == (False, False, True)
    assert office.kept() == (1, 0)
    assert first.client.get_cookie(COOKIE, domain=HOST) is None
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{SLO_URL}?SAMLResponse=")
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["RelayState"] == ["there"]


def test_request_ends_the_session_of_its_index_only(office: Office) -> None:
    first, second = office.sign_in(ADA, index="s-1"), office.sign_in(ADA, index="s-2")

    office.send(REQUEST, put("//samlp:SessionIndex", "s-2"), browser=first)

    assert (is_in(first), is_in(second)) == (True, False)
    assert first.client.get_cookie(COOKIE, domain=HOST) is not None


def test_end_is_told_in_the_feed_and_the_audit_log_and_the_list_of_sessions(office: Office) -> None:
    browser, other = office.sign_in(ADA, index="s-1"), office.sign_in(ADA, index="s-2")
    listed = other.get("/profile").text.count('/end"')

    office.send(REQUEST, put("//samlp:SessionIndex", "s-1"))

    told = [event for event in office.desk.organization.events() if event.type == "session.ended"]
    assert [event.data["reason"] for event in told] == ["signed_out_at_provider"]
    assert told[0].data["member"] == office.desk.organization.admin_id
    assert not is_in(browser)
    assert other.get("/profile").text.count('/end"') == listed - 1
    audit = flat(other.get("/settings/audit").text)
    assert "Acme Okta ended a session of" in audit
    assert "The identity provider said that the session there has ended." in audit


def test_request_for_somebody_who_has_no_session_is_answered_alike(office: Office) -> None:
    answer = office.send(REQUEST, name_id("stranger", PERSISTENT))
    assert answer.headers["Location"].startswith(f"{SLO_URL}?SAMLResponse=")


def test_session_that_was_confirmed_ends_too(office: Office) -> None:
    browser = office.sign_in(ADA, index="s-1")
    browser.get("/profile/confirm?next=/profile")
    leaving = browser.submit("/profile/confirm?next=/profile")
    also = attr("//saml:AuthnStatement", "SessionIndex", "s-9")
    assert come_back(browser, office.connection_id, leaving, ADA, also=also).status_code == 303
    assert is_in(browser)
    assert office.kept() == (1, 0)

    office.send(REQUEST, put("//samlp:SessionIndex", "s-9"))

    assert not is_in(browser)


def test_request_that_comes_again_is_refused(office: Office) -> None:
    office.sign_in(ADA, index="s-1")
    office.send()
    later = office.sign_in(ADA, index="_session")

    answer = office.send()

    assert answer.status_code == 403
    assert is_in(later)
    assert [record.reason for record in office.records()] == ["logout_replayed"]


def test_forged_logout_ends_nobody_and_is_on_record_under_its_name(office: Office) -> None:
    browser = office.sign_in(ADA, index="_session")
    cases = [case for case in CASES if case.logout.name == "SAMLRequest"]
    for number, case in enumerate(cases):
        ours = "destination" in case.name or "id_unusable" in case.name
        addressed = attr("/samlp:*", "Destination", office.logout_url)
        before = case.logout.before if ours else both(addressed, *([case.logout.before] if case.logout.before else []))
        answer = office.send_query(replace(case.logout, before=before).sent())
        assert (answer.status_code, case.id) == (403, case.id)
        record = office.records()[number]
        assert record.id in answer.text
        if not ours:
            assert (record.reason, case.id) == (case.name, case.id)

    assert is_in(browser)
    assert office.kept() == (1, 0)


def test_flood_of_forged_logouts_fills_no_record(office: Office) -> None:
    answers = [office.send_query("") for _ in range(LOGOUTS_REJECTED.most + 3)]
    assert {answer.status_code for answer in answers} == {403}
    assert len(office.records()) == LOGOUTS_REJECTED.most
    assert "req-" in answers[-1].text


def test_refused_logout_stands_among_the_sign_ins(office: Office) -> None:
    office.send_query("")
    page = flat(office.desk.browser.get("/settings/sign-ins").text)
    assert "Sign-out refused" in page
    assert "Acme Okta" in page


def test_refused_logouts_are_found_in_the_feed_by_their_purpose(office: Office) -> None:
    office.send_query("")
    path = f"/organizations/{office.desk.organization.id}/sign-ins"
    (found,) = Api(office.world, OPERATOR_TOKEN).get(path, purpose="sign_out")["data"]
    assert (found["outcome"], found["reason"]) == ("rejected", "logout_message_missing")
    assert found["connection_id"] == office.connection_id


def test_answer_by_post_brings_the_browser_back(office: Office) -> None:
    browser = office.sign_in(ADA, index="s-1")
    (handle,) = parse_qs(urlsplit(way_on(signed_out(browser))).query)["RelayState"]
    posted = {"SAMLResponse": "anything", "RelayState": handle}
    path = f"/saml/{office.connection_id}/logout"
    back = browser.client.post(path, base_url=BASE_URL, data=posted, headers={"Sec-Fetch-Site": "cross-site"})
    page = flat(browser.get(back.headers["Location"]).text)
    assert "Whether you are signed out at Acme Okta is not known" in page


def test_session_whose_seal_does_not_open_any_more_ends_all_the_same(office: Office) -> None:
    leaves, is_ended = office.sign_in(ADA, index="s-1"), office.sign_in(ADA, index="s-2")
    with office.world.transactions.writing() as unit:
        unit.session.execute(update(ProviderSessionRow).values(sealed=KeyringSealing(["k" * 32]).seal("{}", place="")))

    assert way_on(signed_out(leaves)) == ""
    assert not is_in(leaves)
    office.send(REQUEST, put("//samlp:SessionIndex", "s-2"))
    assert not is_in(is_ended)


def test_connection_that_is_off_knows_no_logouts(office: Office) -> None:
    _turn_off(office)
    assert office.send().status_code == 404
    assert office.records() == []


def test_logout_url_of_nobody_is_not_found(office: Office) -> None:
    client = office.world.browser().client
    assert client.get(f"/saml/conn_0/logout?{REQUEST.sent()}", base_url=BASE_URL).status_code == 404
    answer = client.get(f"/oidc/{office.connection_id}/signed-out", base_url=BASE_URL)
    assert answer.headers["Location"] == "/sign-in?signed-out"
    assert client.post(f"/oidc/{office.connection_id}/backchannel-logout", base_url=BASE_URL).status_code == 400


def _turn_off(office: Office) -> None:
    with office.world.transactions.writing() as unit:
        unit.session.execute(
            update(Connection)
            .where(Connection.id == office.connection_id)
            .values(state="inactive", revision_in_force=None)
        )


# what is not kept


def test_name_that_is_too_long_to_be_found_again_keeps_nobody_out(world: World) -> None:
    """An attribute says who somebody is; the NameID beside it may be of any length."""
    at = desk(world)
    chosen = {"attributes.subject": "email", "idp.slo_url": SLO_URL}
    office = Office(at, at.require_single_sign_on(**chosen))
    sealed = "".join(hashlib.sha512(bytes([number])).hexdigest() for number in range(64))

    browser = office.sign_in(ADA, index="s-1", subject=sealed)

    assert office.kept() == (0, 0)
    assert way_on(signed_out(browser)) == ""


# both at once


def test_signing_out_here_and_there_at_the_same_moment_wait_for_each_other_in_one_order(office: Office) -> None:
    """The person signs out here while the provider's logout is being carried out: neither fails."""
    browser = office.sign_in(ADA, index="s-1")
    engine, meet, met = office.world.transactions.database.engine, threading.Barrier(2), set[int]()

    def pause(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        """After the first row that each of the two has written of what both write."""
        me = threading.get_ident()
        if me not in met and statement.startswith(("UPDATE sessions SET ended", "DELETE FROM provider_sessions")):
            met.add(me)
            with suppress(threading.BrokenBarrierError):
                meet.wait(1)

    answers = list[TestResponse]()
    request = drop("//samlp:SessionIndex")
    theirs = threading.Thread(target=lambda: answers.append(office.send(REQUEST, request)))
    event.listen(engine, "after_cursor_execute", pause)
    try:
        theirs.start()
        answers.append(browser.submit("/sign-out"))
        theirs.join()
    finally:
        event.remove(engine, "after_cursor_execute", pause)

    assert [answer.status_code for answer in answers] == [303, 303], [answer.text for answer in answers]
    assert (office.living(), office.kept()[0]) == (0, 0)
    with office.world.transactions.reading() as unit:
        ended = select(EVENTS.c.data).where(EVENTS.c.type == "session.ended")
        assert len(unit.connection.execute(ended).all()) == 1


def test_logout_for_a_connection_that_is_deleted_while_it_waits_says_that_there_is_none(office: Office) -> None:
    answers = list[TestResponse]()
    theirs = threading.Thread(target=lambda: answers.append(office.send()))
    with office.world.transactions.writing() as unit:
        unit.lock(office.desk.organization.id)
        unit.session.delete(unit.session.get(Connection, office.connection_id))
        unit.session.flush()
        theirs.start()
        theirs.join(0.5)  # verified, and waits
    theirs.join()

    assert [answer.status_code for answer in answers] == [404]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_forged_logout_waits_for_nobody_in_the_organization(office: Office) -> None:
    """SQLite has one writer at a time, so that there everybody waits for everybody."""
    answers = list[TestResponse]()
    forger = threading.Thread(target=lambda: answers.append(office.send(Logout(key="attacker"))))
    with office.world.transactions.writing() as unit:
        unit.lock(office.desk.organization.id)
        forger.start()
        forger.join(10)
        answered = list(answers)
    forger.join()

    assert [answer.status_code for answer in answered] == [403]
