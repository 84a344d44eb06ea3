"""Every secret there is goes through the whole application once; none is found afterwards in the files of the database,
in a backup of it, in the logs of server and worker, or in a mail that is not its own.

Doorward holds no private key of SAML, whose requests it does not sign; what an identity provider posts is searched for.
"""

from __future__ import annotations

import base64
import io
import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.engine import make_url

from app.factory import create_program
from app.ports.http import HttpAnswer
from app.ports.mail import Mail, MailNotSentError
from app.rules.actor import OPERATOR
from app.services import recovery
from app.store.database import Base
from config.logging import configure_logging
from tests.application import (
    BASE_URL,
    OPERATOR_TOKEN,
    SECRET_KEY,
    Browser,
    World,
    ports_for,
    settings_for,
)
from tests.authenticator import scanned
from tests.oidc.logouts import Logout
from tests.oidc.provider import CLIENT_ID, Provider, answer_json
from tests.ports.fakes import HandClock, Postbox, ZoneDns
from tests.scenes import ADA, GRACE, Organization, ScimClient
from tests.servers.postgres import PostgresServer
from tests.web.api.caller import Api
from tests.web.settings.scenes import PAGE, Desk, come_back, flat, made_by, to_last_step
from tests.web.test_second_factor import answer_with

_SEEN = "Canary-Label"  # not secret, and to be found: shows that the search works
_CLIENT_SECRET = "canary-client-secret-0123456789"
_ACCESS_TOKEN = "canary-access-token-0123456789"
#: What the log holds if the walk went through every fault it is meant to.
_LOGGED = ("unexpected error", "nobody foresaw this", "mail not sent")


@dataclass
class Secrets:
    """Every secret by name, in the spellings in which it is handed out; `codes` have six digits, which are found only
    where they stand alone, because digests hold every six digits one day.
    """

    long: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, *values: str) -> None:
        for number, value in enumerate(values):
            assert len(value) >= 16, name
            self.long[f"{name} {number}"] = value

    def found_in(self, content: bytes) -> set[str]:
        """Those that the content holds, as they are, or as another encoding would show them."""
        lowered = content.lower()
        codes = {
            name for name, code in self.codes.items() if re.search(rb"(?<!\w)" + code.encode() + rb"(?!\w)", content)
        }
        return codes | {
            name
            for name, value in self.long.items()
            if value.encode() in content
            or value.encode().hex().encode() in lowered
            or any(form in content for form in _base64(value))
        }


def _base64(value: str) -> Iterator[bytes]:
    """The value inside base64, wherever it begins: what all three alignments share is cut out of the middle."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + value.encode() + b"\0\0")
        yield encoded[4:-8]


class UnreliablePost(Postbox):
    """A mail server that refuses the very first mail."""

    refused: bool = False

    def send(self, mail: Mail) -> None:
        if not self.refused:
            self.refused = True
            raise MailNotSentError("451 try again later")
        super().send(mail)


class UnreliableProvider(Provider):
    """Breaks in a way that nobody foresaw, once it is told to."""

    breaks: bool = False

    def post_form(self, url: str, fields: object, *, headers: object = None) -> HttpAnswer:
        if self.breaks:
            raise RuntimeError("nobody foresaw this")
        return super().post_form(url, fields, headers=headers)  # type: ignore[arg-type]  # as they came


@dataclass
class Walk:
    """The application, what it was given, and what it logged."""

    world: World
    url: str
    log: io.StringIO
    provider: UnreliableProvider
    secrets: Secrets = field(default_factory=Secrets)


@pytest.fixture
def walk(database_url: str) -> Iterator[Walk]:
    """The application with its own logging, as `serve` and `work` set it up."""
    root, log = logging.getLogger(), io.StringIO()
    kept = root.handlers[:], root.level
    configure_logging("json")
    for handler in root.handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(log)
    clock, post, dns, provider = HandClock(), UnreliablePost(), ZoneDns(), UnreliableProvider()
    ports = replace(ports_for(clock, post, dns), http=provider)
    program = create_program(settings_for(database_url), ports)
    try:
        yield Walk(World(program, clock, post, dns), database_url, log, provider)
    finally:
        program.close()
        root.handlers[:], root.level = kept
        structlog.reset_defaults()


def _cookies(walk: Walk, name: str, browser: Browser) -> None:
    for cookie in ("__Host-doorward", "__Host-doorward-browser"):
        found = browser.client.get_cookie(cookie, domain="id.doorward.test")
        if found is not None:
            walk.secrets.add(f"{name} {cookie}", found.value)


def _code(walk: Walk, name: str, address: str) -> None:
    walk.world.work()
    walk.world.clock.advance(minutes=2)  # a mail that was refused is sent again
    walk.world.work()
    walk.secrets.codes[name] = walk.world.post.code_for(address)


def _shown(walk: Walk, name: str, page: str) -> list[str]:
    """The codes of a page that shows them once."""
    codes = re.findall(r"<code data-copy-line>([^<]+)</code>", page)
    assert codes, flat(page)
    walk.secrets.add(name, *codes)
    walk.secrets.add(f"{name} as stored", *(code.replace("-", "") for code in codes))
    return codes


def _first_minutes(walk: Walk) -> Desk:
    """The start link, the first code, the recovery codes, an app with backup codes."""
    world, secrets = walk.world, walk.secrets
    with world.transactions.writing(OPERATOR) as unit:
        link = recovery.make_link(unit, kind="start")
    secrets.add("start link", link)
    browser = world.browser()
    browser.get(f"/start/{link}")
    browser.submit(f"/start/{link}", organization="Acme", name="Ada Admin", email=ADA)
    _code(walk, "code of the start", ADA)
    browser.enter_code(ADA)
    _shown(walk, "recovery code", browser.page)
    _cookies(walk, "founder", browser)
    browser.get("/profile")
    browser.submit("/profile/authenticator")
    app = scanned(browser.page, world.clock)
    secrets.add("secret of the app", app.secret)
    browser.submit(re.findall(r'action="(/sign-in/authenticator[^"]*)"', browser.page)[0], code=app.code())
    _shown(walk, "backup code", browser.page)
    _cookies(walk, "founder with app", browser)
    browser.get(PAGE)
    with world.transactions.reading() as unit:
        (member,) = unit.session.execute(select(Base.metadata.tables["members"])).all()
    return Desk(world, browser, Organization(world, member.organization_id, member.id))


def _programs(walk: Walk, ada: Desk) -> None:
    """A directory that pushes, and a program with a key; both with wrong ones too."""
    world, secrets = walk.world, walk.secrets
    ada.verify_domain()
    ada.browser.submit("/settings/directories", name="Okta", provider="okta")
    directory = re.findall(r"/settings/directories/(\w+)/tokens", ada.page())[0]
    page = ada.browser.submit(f"/settings/directories/{directory}/tokens", expires_in="30", label=_SEEN).text
    token = re.findall(r"scim_[\w-]{20,}", page)
    assert token, flat(page)
    secrets.add("directory token", token[0])
    base = re.findall(r"https://\S+?/scim/\w+/v2", ada.page())[0]
    scim = ScimClient(world, base, token[0])
    scim.add_user(GRACE)
    wrong = "scim_canary-wrong-token-0123456789"
    secrets.add("wrong directory token", wrong)
    assert ScimClient(world, base, wrong).request("GET", f"/Users?access_token={token[0]}").status_code == 401
    assert (
        scim.request("POST", "/Users", {"schemas": ["x"], "password": "canary-password-0123456789"}).status_code >= 400
    )
    secrets.add("password of a push", "canary-password-0123456789")
    key = re.findall(r"dw_[\w-]{20,}", ada.browser.submit("/settings/keys", label=_SEEN, expires_in="").text)[0]
    secrets.add("organization key", key)
    path = f"/organizations/{ada.organization.id}"
    Api(world, key).get(f"{path}/members")
    secrets.add("wrong key", "dw_canary-wrong-key-0123456789")
    Api(world, "dw_canary-wrong-key-0123456789").refused("GET", f"{path}/members", status=401)
    Api(world, OPERATOR_TOKEN).get(path)
    secrets.add("operator token", OPERATOR_TOKEN)
    secrets.add("secret key", SECRET_KEY)


def _invited(walk: Walk, ada: Desk) -> None:
    """Somebody is invited and comes in by the link; somebody else types a wrong code and recovers."""
    world = walk.world
    ada.browser.get("/settings/members")
    ada.browser.submit("/settings/invitations", email="alan@elsewhere.test", role="member")
    world.work()
    (link,) = re.findall(r"/invitations/([\w-]+)", world.post.to("alan@elsewhere.test")[-1].text)
    walk.secrets.add("invitation", link)
    alan = world.browser()
    alan.get(f"/invitations/{link}")
    alan.submit(f"/invitations/{link}")
    _code(walk, "code of the invitation", "alan@elsewhere.test")
    answer_with(alan, "000000")
    answer_with(alan, walk.secrets.codes["code of the invitation"])
    _cookies(walk, "invited", alan)
    with world.transactions.writing(OPERATOR) as unit:
        link = recovery.recovery_link(unit, email=ADA)
    walk.secrets.add("recovery link", link)
    browser = world.browser()
    browser.get(f"/recover/{link}")
    browser.submit(f"/recover/{link}")
    _cookies(walk, "recovery", browser)


def _again(walk: Walk) -> None:
    """A second sign-in, which ends with a backup code."""
    browser = walk.world.browser()
    browser.get("/sign-in")
    browser.submit("/sign-in", email=ADA)
    _code(walk, "code of a sign-in", ADA)
    browser.enter_code(ADA)
    answer_with(browser, walk.secrets.long["backup code 0"])
    _cookies(walk, "second", browser)


def _through_saml(walk: Walk, ada: Desk) -> None:
    """A test sign-in that is accepted, and one that is not."""
    connection = ada.connect()
    posted: list[str] = []
    client_post = ada.browser.client.post

    def post(*args: object, **kwargs: object) -> object:
        form = kwargs.get("data")
        if isinstance(form, dict) and "SAMLResponse" in form:
            posted.append(form["SAMLResponse"])
        return client_post(*args, **kwargs)

    ada.browser.client.post = post  # type: ignore[method-assign,assignment]  # to see what the provider sends
    ada.test_sign_in(connection)
    ada.page()
    leaving = ada.browser.submit(f"/settings/connections/{connection}/test")
    come_back(ada.browser, connection, leaving, "stranger@elsewhere.test")
    assert len(posted) == 2
    for number, raw in enumerate(posted):
        signature = re.findall(r"<(?:\w+:)?SignatureValue[^>]*>\s*([^<\s]+)", base64.b64decode(raw).decode())
        walk.secrets.add(f"SAML answer {number}", raw[:400], raw[-400:], *(value[:60] for value in signature))


def _through_oidc(walk: Walk, ada: Desk) -> None:
    """The same through OpenID Connect: accepted, and broken in the middle."""
    provider = walk.provider
    href = to_last_step(ada.browser, "oidc-other")
    typed = {"name": "Google", "issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": _CLIENT_SECRET}
    connection = made_by(ada.browser.submit(href, **typed))
    walk.secrets.add("client secret", _CLIENT_SECRET, urlencode({"": _CLIENT_SECRET})[1:])
    walk.secrets.add("access token", _ACCESS_TOKEN)
    provider.tokens = {"access_token": _ACCESS_TOKEN, "token_type": "Bearer"}
    for attempt in ("accepted", "broken"):
        ada.page()
        leaving = ada.browser.submit(f"/settings/connections/{connection}/test").text.replace("&amp;", "&")
        query = parse_qs(urlsplit(re.findall(r"url=([^\"]+)\"", leaving)[0]).query)
        moment = int(walk.world.clock.now().timestamp())
        provider.claims |= {"nonce": query["nonce"][0], "iat": moment, "exp": moment + 300, "auth_time": moment}
        provider.claims.pop("at_hash", None)
        token = provider.id_token()
        provider.answers["/token"] = answer_json({"id_token": token, **provider.tokens})
        provider.breaks = attempt == "broken"
        code = f"canary-authorization-code-{attempt}"
        walk.secrets.add(f"authorization code {attempt}", code)
        walk.secrets.add(f"ID token {attempt}", token[:200], token[-200:])
        given = urlencode({"state": query["state"][0], "code": code, "iss": provider.issuer})
        answer = ada.browser.client.get(f"/oidc/{connection}/callback?{given}", base_url=BASE_URL)
        assert answer.status_code == (303 if attempt == "accepted" else 500), flat(answer.text)


def _out_of_oidc(walk: Walk) -> None:
    """Sign-ins whose ID token is kept for signing out: one that stays, one that is on its way out, one that is ended by
    the provider; and a logout that is not believed.
    """
    provider = walk.provider
    provider.breaks = False
    provider.discovery["end_session_endpoint"] = f"{provider.issuer}/end"
    with walk.world.transactions.writing() as unit:
        connections = Base.metadata.tables["connections"]
        unit.connection.execute(delete(Base.metadata.tables["fetched_documents"]))
        (connection,) = unit.connection.scalars(select(connections.c.id).where(connections.c.protocol == "oidc"))
        in_force = {"state": "active", "revision_in_force": connections.c.latest_revision}
        unit.connection.execute(update(connections).where(connections.c.id == connection).values(in_force))
    for name in ("stays", "leaves", "is ended"):
        browser = walk.world.browser()
        leaving = browser.client.get(f"/oidc/{connection}/login", base_url=BASE_URL).headers["Location"]
        query = parse_qs(urlsplit(leaving).query)
        moment = int(walk.world.clock.now().timestamp())
        sid = f"canary-session-{name}-0123456789".replace(" ", "-")
        provider.claims |= {"nonce": query["nonce"][0], "iat": moment, "exp": moment + 300, "auth_time": moment}
        provider.claims["sid"] = sid
        token = provider.id_token()
        provider.answers["/token"] = answer_json({"id_token": token, **provider.tokens})
        walk.secrets.add(f"ID token of who {name}", token[:200], token[-200:], sid)
        given = urlencode({"state": query["state"][0], "code": "canary-code-0123456789", "iss": provider.issuer})
        assert browser.client.get(f"/oidc/{connection}/callback?{given}", base_url=BASE_URL).status_code == 303
        browser.get("/profile")
        _cookies(walk, f"who {name}", browser)
        if name == "leaves":
            page = browser.get(browser.submit("/sign-out").headers["Location"]).text
            assert token in page  # where it belongs: in the way on to the provider, for this browser alone
        if name == "is ended":
            _log_out_there(walk, connection, sid)
            assert browser.get("/profile").status_code == 303


def _log_out_there(walk: Walk, connection: str, sid: str) -> None:
    """The provider says so, once as it should, once so that it is not believed."""
    logout = Logout()
    moment = int(walk.world.clock.now().timestamp())
    logout.claims |= {"iss": walk.provider.issuer, "iat": moment, "exp": moment + 120, "sid": sid, "sub": "u-1"}
    for number, change in enumerate(({}, {"nonce": "canary-nonce-of-a-logout-0123456789"})):
        logout.claims |= {**change, "jti": f"canary-logout-{number}"}
        token = logout.token()
        walk.secrets.add(f"logout token {number}", token[:200], token[-200:], *change.values())
        posted = {"logout_token": token}
        answer = walk.world.browser().client.post(
            f"/oidc/{connection}/backchannel-logout", base_url=BASE_URL, data=posted
        )
        assert answer.status_code == (400 if change else 200), answer.text


def _play(walk: Walk) -> None:
    """Every secret is made, used, and is wrong at least once."""
    ada = _first_minutes(walk)
    _programs(walk, ada)
    _again(walk)
    _invited(walk, ada)
    _through_saml(walk, ada)
    _through_oidc(walk, ada)
    _out_of_oidc(walk)
    walk.world.work()


def test_no_secret_stands_in_clear_where_it_does_not_belong(walk: Walk, request: pytest.FixtureRequest) -> None:
    _play(walk)

    files = _files(walk.url, request)
    assert any(_SEEN.encode() in content for content in files.values())
    found = {name: walk.secrets.found_in(content) for name, content in files.items()}
    assert {name: secrets for name, secrets in found.items() if secrets} == {}
    assert _rows_with_codes(walk) == []
    log = walk.log.getvalue()
    assert [part for part in _LOGGED if part not in log] == []
    assert walk.secrets.found_in(log.encode()) == set()
    assert _misdirected(walk) == []


def test_search_finds_a_secret_in_every_spelling() -> None:
    secrets = Secrets()
    secrets.add("canary", "canary-secret-0123456789")
    spellings = (
        b"..canary-secret-0123456789..",
        b"canary-secret-0123456789".hex().upper().encode(),
        *(base64.b64encode(b"x" * shift + b"canary-secret-0123456789 and more") for shift in range(3)),
    )

    assert [secrets.found_in(spelling) for spelling in spellings] == [{"canary 0"}] * 5
    assert secrets.found_in(b"canary-secret-012345678") == set()


def _files(url: str, request: pytest.FixtureRequest) -> dict[str, bytes]:
    """The database's files and a backup of it: a copy that SQLite makes, or the dump of a server."""
    if not url.startswith("sqlite"):
        postgres: PostgresServer = request.getfixturevalue("postgres")
        return {"dump": postgres.dump(url)}
    path = Path(make_url(url).database or "")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (str(path.with_suffix(".backup")),))
    files = {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    assert {path.name, f"{path.name}-wal", path.with_suffix(".backup").name} <= {name for name in files if files[name]}
    return files


def _rows_with_codes(walk: Walk) -> list[str]:
    """The tables in which a code stands as a value: in a file, one column begins where the other ends."""
    codes = re.compile("|".join(rf"(?<!\w){code}(?!\w)" for code in walk.secrets.codes.values()))
    with walk.world.transactions.reading() as unit:
        return [
            table.name
            for table in Base.metadata.sorted_tables
            for row in unit.session.execute(select(table)).mappings()
            if codes.search(str(dict(row)))
        ]


def _misdirected(walk: Walk) -> list[tuple[str, str]]:
    """Secrets in mails that are not theirs: a code goes to who signs in, an invitation to who is invited."""
    alan = "alan@elsewhere.test"

    def belongs(name: str, mail: Mail) -> bool:
        if name in walk.secrets.codes:
            return mail.to == (alan if name == "code of the invitation" else ADA)
        return name.startswith("invitation ") and mail.to == alan

    return [
        (name, mail.subject)
        for mail in walk.world.post.mails
        for name in walk.secrets.found_in(f"{mail.subject}\n{mail.text}".encode())
        if not belongs(name, mail)
    ]
