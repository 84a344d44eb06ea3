"""Bad input: a 4xx that names the field, nothing written, never a 500."""

from __future__ import annotations

import json
from typing import Any

from app.factory import MAX_BODY_BYTES
from app.rules.ids import Prefix
from app.services import event_positions
from app.store import mass_changes
from app.web.api.blueprint import OPERATIONS
from app.web.api.operations import Operation
from tests.application import World
from tests.scenes import GRACE, Provisioned, provisioned
from tests.web.api.caller import Api
from tests.web.api.scenes import Scene, begin, metadata

LONG = "x" * 5000
SURROGATE = "\\ud800"
WITH_BODY = tuple(operation for operation in OPERATIONS if operation.body is not None)

#: What is wrong with any body, and the field at fault.
ANY_BODY: dict[str, tuple[bytes, str | None]] = {
    "not JSON": (b'{"name": ', None),
    "not UTF-8": (b'{"name": "\xff"}', None),
    "a byte order mark": (b'\xef\xbb\xbf{"name": "Acme"}', None),
    "a list": (b"[]", None),
    "a text": (b'"name"', None),
    "null": (b"null", None),
    "an unknown field": (b'{"colour": "red"}', "colour"),
    "a field twice": (b'{"name": "a", "name": "b"}', "name"),
    "a nested field twice": (b'{"idp": {"x": [{"a": 1, "a": 2}]}}', "idp.x.0.a"),
    "NaN": (b'{"a": {"b": NaN}}', "a.b"),
    "infinity": (b'{"a": -Infinity}', "a"),
    "a number that is infinite": (b'{"a": 1e999}', "a"),
    "a number that is too large": (b'{"a": 9007199254740993}', "a"),
    "a number of many digits": (b'{"a": ' + b"9" * 5000 + b"}", "a"),
    "a NUL": (b'{"name": "a\\u0000b"}', "name"),
    "a lone surrogate": (f'{{"name": "a{SURROGATE}b"}}'.encode(), "name"),
    "a NUL in a name": (b'{"a\\u0000": 1}', None),
    "a surrogate in a nested name": (f'{{"a": {{"{SURROGATE}": 1}}}}'.encode(), "a"),
    "deep nesting": (b'{"a": ' * 21 + b"1" + b"}" * 21, ".".join("a" * 20)),
    "very deep nesting": (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", None),
}


def path_of(operation: Operation, ids: dict[str, str]) -> str:
    return operation.path.format(**ids)


def one_of_everything(world: World) -> dict[str, str]:
    """An organization in which every id of a path exists."""
    provided = provisioned(world)
    scene = Scene(world, Api(world), provided.organization)
    path = f"{scene.path}/directories/{provided.directory_id}/tokens"
    connection = scene.connect()
    return {
        "org": scene.organization.id,
        "dom": scene.api.get(f"{scene.path}/domains")["data"][0]["id"],
        "conn": connection["id"],
        "rev": connection["latest_revision"],
        "dir": provided.directory_id,
        "tok": scene.api.get(path)["data"][0]["id"],
        "role": scene.api.post(f"{scene.path}/roles", {"slug": "auditor", "name": "Auditor", "priority": 10})["id"],
        "map": scene.api.get(f"{scene.path}/role-mappings")["data"][0]["id"],
        "mem": scene.admin,
        "key": scene.api.post(f"{scene.path}/keys", {"label": "Nightly"})["id"],
        "alm": _alarm(provided),
        "inv": scene.api.post(f"{scene.path}/invitations", {"email": "guest@elsewhere.test"})["id"],
        "lnk": scene.api.post(f"{scene.path}/setup-links", {"scope": "sso", "note": "Kim", **scene.by_admin})["id"],
        "fac": _factor(scene),
        "ses": _session(scene, provided),
    }


def _factor(scene: Scene) -> str:
    """The authenticator app of the administrator."""
    scene.organization.enroll()
    return str(scene.api.get(f"{scene.path}/members/{scene.admin}/factors")["data"][0]["id"])


def _session(scene: Scene, provided: Provisioned) -> str:
    """A session of somebody else, so that nothing done to the administrator ends it."""
    provided.scim.add_user(GRACE)
    scene.organization.open_session(GRACE)
    return str(scene.api.get(f"{scene.path}/sessions")["data"][-1]["id"])


def _alarm(provided: Provisioned) -> str:
    """An alarm that its directory has raised, as it is stored."""
    with provided.organization.world.transactions.writing() as unit:
        burst = mass_changes.begin(
            unit.connection,
            unit.id(Prefix.ALARM),
            organization_id=provided.organization.id,
            directory_id=provided.directory_id,
            now=unit.now,
        )
        mass_changes.note_managed(unit.connection, burst.id, 20, now=unit.now)
        mass_changes.raise_alarm(unit.connection, burst.id, people=6, now=unit.now)
        return burst.id


def snapshot(world: World, organization: str) -> list[Any]:
    """Everything a caller could see of an organization, to show that nothing was written."""
    event_positions.give(world.transactions)
    api, path = Api(world), f"/organizations/{organization}"
    lists = (
        "domains", "connections", "directories", "roles", "role-mappings", "members", "keys", "alarms", "events",
        "audit", "sessions", "invitations", "setup-links",
    )  # fmt: skip
    one = ("lockout-proof", "authentication-policy")
    singles = [api.get(path), *(api.get(f"{path}/{name}") for name in one)]
    return [*singles, *(api.get(f"{path}/{name}", limit=100) for name in lists)]


def test_every_route_refuses_every_bad_body_and_writes_nothing(world: World) -> None:
    ids = one_of_everything(world)
    before = snapshot(world, ids["org"])
    api = Api(world)

    for operation in WITH_BODY:
        for name, (body, field) in ANY_BODY.items():
            answer = api.send(operation.method, path_of(operation, ids), data=body, content_type="application/json")
            assert answer.status_code == 400, (operation.name, name, answer.text)
            if field is not None and (operation.name, name) != ("create_connection", "an unknown field"):
                # There, what is unknown depends on the protocol, which this body does not name.
                assert json.loads(answer.text)["field"] == field, (operation.name, name, answer.text)

    assert snapshot(world, ids["org"]) == before


def test_body_over_the_cap_of_the_wrong_type_or_where_none_belongs_is_refused(world: World) -> None:
    ids = one_of_everything(world)
    api = Api(world)

    for operation in OPERATIONS:
        path = path_of(operation, ids)
        large = api.send(operation.method, path, data=b" " * (MAX_BODY_BYTES + 1), content_type="application/json")
        assert large.status_code == 413, operation.name
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"):
            answer = api.send(operation.method, path, data=b"{}", content_type=content_type)
            assert answer.status_code == (400 if operation.body is None else 415), (operation.name, answer.text)

    assert api.get(f"/organizations/{ids['org']}")["id"] == ids["org"]


def test_unknown_repeated_and_malformed_parameters_are_refused_on_every_route(world: World) -> None:
    ids = one_of_everything(world)
    before = snapshot(world, ids["org"])
    api = Api(world)
    cases = {"colour": "red", "dry_run": "x", "limit": "x", "cursor": "x", "after": "x", "on_behalf_of": "mem_x"}

    for operation in OPERATIONS:
        for name, value in cases.items():
            answer = api.send(operation.method, path_of(operation, ids), query_string={name: value})
            assert answer.status_code == 400, (operation.name, name, answer.text)
            assert json.loads(answer.text)["field"] == name

    assert snapshot(world, ids["org"]) == before


BAD_PAGES = (
    *(
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=1.5",
        "limit=",
        "limit=1&limit=2",
        "limit=%00",
        "limit=999999999999999999",
    ),
    *("cursor=", "cursor=%00", "cursor=AAAA", "cursor=b3JnXw", f"cursor={LONG}", "cursor=%ff", "cursor=b3JnXw=="),
)


def test_page_that_cannot_be_is_refused(world: World) -> None:
    scene = begin(world)

    for query in BAD_PAGES:
        for path in ("/organizations", f"{scene.path}/members", f"{scene.path}/domains"):
            problem = scene.api.refused("GET", path, status=400, query_string=query)
            assert problem["field"] == query.partition("=")[0], query


def test_text_that_cannot_be_stored_is_refused_where_something_is_looked_for(world: World) -> None:
    scene = begin(world)

    for path, name in (("audit", "actor"), ("audit", "subject"), ("audit/export", "subject"), ("sign-ins", "person")):
        problem = scene.api.refused("GET", f"{scene.path}/{path}", status=400, query_string=f"{name}=a%00b")
        assert problem["field"] == name


def test_place_in_a_feed_that_cannot_be_is_refused(world: World) -> None:
    scene = begin(world)

    for after in ("%00", "evt_x", "x" * 300, "evt_" + "u" * 26, "%ff"):
        problem = scene.api.refused("GET", f"{scene.path}/events", status=400, query_string=f"after={after}")
        assert problem["field"] == "after"


def test_id_that_names_nothing_is_not_found(world: World) -> None:
    api = Api(world)

    for id_ in ("x", "org_x", "%00", "%ff", "mem_" + "0" * 26, "org_" + "0" * 26, "org_" + "u" * 26, LONG):
        for method, tail in (("GET", ""), ("DELETE", ""), ("GET", "/members"), ("GET", "/events")):
            assert api.refused(method, f"/organizations/{id_}{tail}", status=404)["code"] == "not_found", id_


BAD_FIELDS: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("POST", "/organizations", {}, "name"),
    ("POST", "/organizations", {"name": "Acme"}, "admin_email"),
    ("POST", "/organizations", {"name": 7, "admin_email": "ada@new.test"}, "name"),
    ("POST", "/organizations", {"name": LONG, "admin_email": "ada@new.test"}, "name"),
    ("POST", "/organizations", {"name": "\t", "admin_email": "ada@new.test"}, "name"),
    ("POST", "/organizations", {"name": "a\nb", "admin_email": "ada@new.test"}, "name"),
    ("POST", "/organizations", {"name": "Acme", "admin_email": "ada"}, "admin_email"),
    ("POST", "/organizations", {"name": "Acme", "admin_email": "ada@localhost"}, "admin_email"),
    ("POST", "/organizations", {"name": "Acme", "admin_email": "ada@new.test", "admin_name": None}, "admin_name"),
    ("PATCH", "{org}", {"name": None}, "name"),
    ("PATCH", "{org}", {"guests": "maybe"}, "guests"),
    ("POST", "{org}/invitations", {"role": "member"}, "email"),
    ("POST", "{org}/invitations", {"email": "nobody"}, "email"),
    ("POST", "{org}/invitations", {"email": "eve@elsewhere.test", "role": "emperor"}, "role"),
    ("POST", "{org}/setup-links", {"note": "Kim"}, "scope"),
    ("POST", "{org}/setup-links", {"scope": "everything", "note": "Kim"}, "scope"),
    ("POST", "{org}/setup-links", {"scope": "sso"}, "note"),
    ("POST", "{org}/setup-links", {"scope": "sso", "note": LONG}, "note"),
    ("POST", "{org}/setup-links", {"scope": "sso", "note": "a\nb"}, "note"),
    ("POST", "{org}/setup-links", {"scope": "directory", "email": "nobody"}, "email"),
    ("PATCH", "{org}/authentication-policy", {"mfa": "sometimes"}, "mfa"),
    ("PATCH", "{org}", {"jit": "true"}, "jit"),
    ("PATCH", "{org}", {"jit": 1}, "jit"),
    ("PATCH", "{org}", {"default_role": ""}, "default_role"),
    ("PATCH", "{org}", {"id": "org_" + "0" * 26}, "id"),
    ("POST", "{org}/domains", {}, "host"),
    ("POST", "{org}/domains", {"host": "acme"}, "host"),
    ("POST", "{org}/domains", {"host": "*.acme.test"}, "host"),
    ("POST", "{org}/domains", {"host": "ada@acme.test"}, "host"),
    ("POST", "{org}/domains", {"host": "127.0.0.1"}, "host"),
    ("POST", "{org}/domains", {"host": LONG}, "host"),
    ("POST", "{org}/domains", {"host": "acme-labs.test", "on_behalf_of": "ada"}, "on_behalf_of"),
    ("POST", "{org}/domains/{dom}/verify", {"strategy": "hope"}, "strategy"),
    ("POST", "{org}/connections", {"name": "Okta"}, "protocol"),
    (
        "POST",
        "{org}/connections",
        {"protocol": "saml", "name": "Okta", "idp": {"metadata_xml": LONG}},
        "idp.metadata_xml",
    ),
    ("POST", "{org}/connections", {"protocol": "oidc", "name": "Entra", "issuer": 7}, "issuer"),
    ("PATCH", "{org}/connections/{conn}", {"name": LONG}, "name"),
    ("PATCH", "{org}/connections/{conn}", {"idp": {"metadata_url": 7}}, "idp.metadata_url"),
    ("PATCH", "{org}/connections/{conn}", {"idp": {"metadata_xml": metadata(), "x": 1}}, "idp.x"),
    ("POST", "{org}/connections/{conn}/test", {}, "on_behalf_of"),
    ("POST", "{org}/directories", {"name": "Okta"}, "provider"),
    ("POST", "{org}/directories", {"name": "Okta", "provider": "aol"}, "provider"),
    ("PATCH", "{org}/directories/{dir}", {"provider": None}, "provider"),
    ("PATCH", "{org}/directories/{dir}", {"state": "active"}, "state"),
    ("POST", "{org}/directories/{dir}/tokens", {"label": LONG}, "label"),
    ("POST", "{org}/directories/{dir}/tokens", {"expires_at": "2026-11-23T11:59:59Z"}, "expires_at"),
    ("POST", "{org}/roles", {"slug": "Boss", "name": "Boss", "priority": 1}, "slug"),
    ("POST", "{org}/roles", {"slug": "boss\n", "name": "Boss", "priority": 1}, "slug"),
    ("POST", "{org}/roles", {"slug": "boss", "name": " ", "priority": 1}, "name"),
    ("POST", "{org}/roles", {"slug": "boss", "name": "Boss", "priority": -1}, "priority"),
    ("POST", "{org}/roles", {"slug": "boss", "name": "Boss", "priority": 1_000_000}, "priority"),
    ("POST", "{org}/roles", {"slug": "boss", "name": "Boss", "priority": "1"}, "priority"),
    ("POST", "{org}/roles", {"slug": "boss", "name": "Boss", "priority": True}, "priority"),
    ("POST", "{org}/roles", {"slug": "boss", "name": "Boss", "priority": 1.5}, "priority"),
    ("PATCH", "{org}/roles/{role}", {"slug": "boss"}, "slug"),
    ("PATCH", "{org}/roles/{role}", {"name": " "}, "name"),
    ("PATCH", "{org}/roles/{role}", {"name": LONG}, "name"),
    ("PATCH", "{org}/roles/{role}", {"name": None}, "name"),
    ("PATCH", "{org}/roles/{role}", {"priority": -1}, "priority"),
    ("PATCH", "{org}/roles/{role}", {"priority": 1_000_000}, "priority"),
    ("POST", "{org}/roles/reorder", {"slugs": "admin"}, "slugs"),
    ("POST", "{org}/roles/reorder", {"slugs": ["admin"]}, "slugs"),
    ("POST", "{org}/roles/reorder", {"slugs": ["admin", "admin", "member"]}, "slugs"),
    ("POST", "{org}/roles/reorder", {"slugs": ["admin", 7]}, "slugs.1"),
    ("POST", "{org}/role-mappings", {"source": "oracle", "group": "x", "role": "admin"}, "source"),
    ("POST", "{org}/role-mappings", {"source": "sign_in", "group": LONG, "role": "admin"}, "group"),
    ("POST", "{org}/role-mappings", {"source": "sign_in", "group": " ", "role": "admin"}, "group"),
    ("POST", "{org}/role-mappings", {"source": "sign_in", "group": "x", "role": LONG}, "role"),
    ("PATCH", "{org}/members/{mem}", {"email": "new@acme.test"}, "email"),
    ("PATCH", "{org}/members/{mem}", {"suspended": "no"}, "suspended"),
    ("PATCH", "{org}/members/{mem}", {"role": None}, "role"),
    ("POST", "{org}/recovery-codes/confirm", {}, "on_behalf_of"),
    ("POST", "{org}/recovery-codes/drill", {"code": LONG}, "code"),
    ("POST", "{org}/recovery-codes/drill", {"code": 7}, "code"),
    ("POST", "{org}/keys", {"label": LONG}, "label"),
    ("POST", "{org}/keys", {"label": "a\nb"}, "label"),
    ("POST", "{org}/keys", {"expires_at": "2026-11-23T11:59:59Z"}, "expires_at"),
)


def test_every_bad_field_is_named_and_nothing_is_written(world: World) -> None:
    ids = one_of_everything(world)
    before = snapshot(world, ids["org"])
    api = Api(world)

    for method, path, body, field in BAD_FIELDS:
        answer = api.send(method, path.format(**ids | {"org": f"/organizations/{ids['org']}"}), body)
        assert answer.status_code == 400, (path, body, answer.text)
        assert json.loads(answer.text)["field"] == field, (path, body, answer.text)

    assert snapshot(world, ids["org"]) == before


def test_table_of_bad_fields_has_every_route_with_a_body_of_its_own() -> None:
    optional = {"activate_connection", "deactivate_connection", "activate_directory", "deactivate_directory"}
    covered = {(method, path.replace("{org}", "/organizations/{org}")) for method, path, _, _ in BAD_FIELDS}
    optional |= {"make_recovery_codes", "dismiss_alarm", "resend_invitation", "restore_revision", "take_over_metadata"}
    own = {(op.method, op.path) for op in WITH_BODY if op.name not in optional}

    assert own == covered


def test_patch_that_changes_nothing_is_refused(world: World) -> None:
    ids = one_of_everything(world)

    for operation in WITH_BODY:
        if operation.method == "PATCH":
            problem = Api(world).refused("PATCH", path_of(operation, ids), {"on_behalf_of": ids["mem"]}, status=400)
            assert problem["detail"] == "There is nothing to change in this body."
