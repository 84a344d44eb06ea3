"""What an administrator does on the settings pages, through the pages: verify a domain, connect, test, activate."""

from __future__ import annotations

import base64
import html
import re
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import lxml.html
from werkzeug.test import TestResponse

from app.rules.actor import OPERATOR
from app.rules.ids import Prefix
from app.services import recovery
from app.store import members as member_rows
from app.store.members import Member
from tests.application import BASE_URL, Browser, World
from tests.saml.forge import ASSERTION_SIGNED, ISSUER, SSO_URL, Edit, Recipe, Signing, attr, both, pair, put
from tests.scenes import ADA, HOST, Organization

PAGE = "/settings/authentication"
BY_HAND = {
    "name": "Acme Okta",
    "idp.entity_id": ISSUER,
    "idp.sso_url": SSO_URL,
    "idp.certificates": pair("idp").certificate,
}


@dataclass
class Desk:
    """The first administrator at the settings pages of her organization."""

    world: World
    browser: Browser
    organization: Organization

    def verify_domain(self, host: str = HOST) -> str:
        """Add a domain, publish its record and check: its id."""
        domain_id = anchor(self.browser.submit("/settings/domains", host=host))
        self.browser.get(PAGE)
        self.world.dns.records[host] = re.findall(r"doorward-domain-verification=[\w-]+", self.browser.page)[-1:]
        answer = self.browser.submit(f"/settings/domains/{domain_id}/check")
        assert "domain-verified" in answer.headers["Location"]
        return domain_id

    def connect(self, **changes: str) -> str:
        """Set up a SAML connection: its id."""
        answer = self.browser.submit(to_last_step(self.browser), **(BY_HAND | changes))
        assert answer.status_code == 303, answer.text
        return made_by(answer)

    def test_sign_in(self, connection_id: str, email: str = ADA, signing: Signing = ASSERTION_SIGNED) -> str:
        """Make a test sign-in and come back from the provider as `email`: where the result stands."""
        leaving = self.browser.submit(f"/settings/connections/{connection_id}/test")
        answer = come_back(self.browser, connection_id, leaving, email, signing)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def confirm_codes(self) -> None:
        """Say that the recovery codes are stored."""
        answer = self.browser.submit("/settings/recovery-codes/confirm", stored="yes")
        assert "codes-confirmed" in answer.headers["Location"]

    def require_single_sign_on(self, **changes: str) -> str:
        """Everything it takes, up to activation: the connection's id."""
        self.verify_domain()
        connection_id = self.connect(**changes)
        self.confirm_codes()
        self.test_sign_in(connection_id)
        answer = self.browser.submit_as_planned(f"/settings/connections/{connection_id}/activate")
        assert answer.status_code == 303, answer.text
        return connection_id

    def lets_in(self, connection_id: str, email: str = ADA, signing: Signing = ASSERTION_SIGNED) -> bool:
        """Whether somebody gets in whom the provider vouches for with this key, in a browser of their own."""
        browser = self.world.browser()
        left = browser.client.get(f"/saml/{connection_id}/login", base_url=BASE_URL)
        answer = answer_to(left.headers["Location"], browser, connection_id, email, signing)
        assert answer.status_code in {303, 403}, answer.text
        return answer.status_code == 303

    def page(self) -> str:
        """The authentication page as it stands."""
        answer = self.browser.get(PAGE)
        assert answer.status_code == 200
        return answer.text

    def member(self, email: str, *, role: str = "member", organization_id: str | None = None) -> Member:
        """Someone who is just there, and has signed in before."""
        with self.world.transactions.writing(OPERATOR) as unit:
            member = Member(
                id=unit.ports.randomness.id(Prefix.MEMBER),
                organization_id=organization_id or self.organization.id,
                email=email,
                name=email.partition("@")[0].title(),
                state="active",
                suspended=False,
                granted_role=role,
                granted_origin="member",
                role=role,
                role_source="granted",
                held=False,
                sign_in_groups_state="unknown",
                sign_in_groups=[],
                created_at=unit.now,
                first_signed_in_at=unit.now,
                last_signed_in_at=unit.now,
            )
            unit.session.add(member)
            return member


def desk(world: World, address: str = ADA, *, organization: str = "Acme") -> Desk:
    """The first administrator has just signed in."""
    browser = world.first_admin(address, organization)
    with world.transactions.reading() as unit:
        member = member_rows.by_email(unit.session, address)
        assert member is not None
        return Desk(world, browser, Organization(world, member.organization_id, member.id))


def to_last_step(browser: Browser, guide: str = "saml-other", *, at: str = "/settings/connections") -> str:
    """Begin a setup and go through its steps: the address of the last one, where what was brought back is posted."""
    browser.get(f"{at}/new")
    href = browser.submit(f"{at}/new", guide=guide).headers["Location"]
    step = 1
    while 'name="name"' not in browser.get(f"{href}?step={step}").text:
        assert browser.submit(href, step=str(step)).headers["Location"] == f"{href}?step={step + 1}"
        step += 1
    return f"{href}?step={step}"


def made_by(answer: TestResponse) -> str:
    """The connection that came of a setup: its id."""
    return str(re.findall("/(conn_[^/]+)/test", answer.headers["Location"])[0])


def signed_in(world: World, email: str) -> Browser:
    """A browser in which this member has signed in by email code."""
    browser = world.browser()
    assert browser.sign_in(email).status_code == 303
    browser.get("/profile")
    return browser


def filled_in(page: str) -> dict[str, str]:
    """What the form of an edit holds, as a browser would send it back."""
    (form,) = (form for form in lxml.html.fromstring(page).forms if str(form.action).endswith("/edit"))
    return {name: value.removeprefix("\n") for name, value in form.form_values() if name != "form_token"}


def recovery_session(world: World, email: str = ADA) -> Browser:
    """A browser with a recovery session, opened by the host's own link."""
    with world.transactions.writing(OPERATOR) as unit:
        token = recovery.recovery_link(unit, email=email)
    browser = world.browser()
    browser.get(f"/recover/{token}")
    assert browser.submit(f"/recover/{token}").status_code == 303
    browser.get(PAGE)
    return browser


def come_back(
    browser: Browser,
    connection_id: str,
    leaving: TestResponse,
    email: str,
    signing: Signing = ASSERTION_SIGNED,
    *,
    also: Edit | None = None,
) -> TestResponse:
    """The identity provider answers the request of the leaving page, and the browser posts it to us; `also` is what
    else it says.
    """
    url = html.unescape(re.findall(r'content="0; url=([^"]+)"', leaving.text)[0])
    return answer_to(url, browser, connection_id, email, signing, also=also)


def answer_to(
    url: str,
    browser: Browser,
    connection_id: str,
    email: str,
    signing: Signing = ASSERTION_SIGNED,
    *,
    also: Edit | None = None,
) -> TestResponse:
    """The identity provider answers the request in this URL, and the browser posts it to us."""
    query = parse_qs(urlsplit(url).query)
    request_id = re.findall(r'ID="([^"]+)"', zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15).decode())[
        0
    ]
    answered = both(
        attr("/samlp:Response | //saml:SubjectConfirmationData", "InResponseTo", request_id),
        attr("//saml:Assertion", "ID", f"_answer-to{request_id}"),
        issued_at(browser.world.clock.now()),
        *([also] if also else []),
    )
    posted = answer_about(connection_id, email, answered, signing=signing)
    return post_answer(browser, connection_id, posted, query["RelayState"][0])


def answer_about(connection_id: str, email: str, *edits: Edit, signing: Signing = ASSERTION_SIGNED) -> str:
    """What the identity provider says of `email` to this connection, as a browser posts it."""
    acs = f"{BASE_URL}/saml/{connection_id}/acs"
    addressed = both(
        attr("/samlp:Response", "Destination", acs),
        attr("//saml:SubjectConfirmationData", "Recipient", acs),
        put("//saml:Audience", f"{BASE_URL}/saml/{connection_id}/metadata"),
        put("//saml:Attribute[@Name='email']/saml:AttributeValue", email),
        *edits,
    )
    return Recipe(signing, before=addressed).post()


def post_answer(browser: Browser, connection_id: str, posted: str, relay_state: str = "") -> TestResponse:
    """The page of the identity provider has the browser post this."""
    form = {"SAMLResponse": posted, "RelayState": relay_state}
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://idp.test"}
    return browser.client.post(f"/saml/{connection_id}/acs", base_url=BASE_URL, data=form, headers=headers)


def issued_at(now: datetime) -> Edit:
    """The answer is made then, and good for five minutes."""
    made, ends = (at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in (now, now + timedelta(minutes=5)))
    return both(
        attr("/samlp:Response | //saml:Assertion", "IssueInstant", made),
        attr("//saml:Conditions", "NotBefore", made),
        attr("//saml:Conditions | //saml:SubjectConfirmationData", "NotOnOrAfter", ends),
        attr("//saml:AuthnStatement", "AuthnInstant", made),
        attr("//saml:AuthnStatement", "SessionNotOnOrAfter", ends),
    )


def anchor(answer: TestResponse) -> str:
    """The id that an answer leads to."""
    assert answer.status_code == 303, answer.text
    return urlsplit(answer.headers["Location"]).fragment


def flat(text: str) -> str:
    """The words of a page as they are read, on one line."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))
