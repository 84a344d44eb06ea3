"""What the other clients send: CyberArk, JumpCloud, PingOne, Rippling, OneLogin, and what any client may do."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.scim.application import ENTERPRISE, ERROR, GROUP, LIST_RESPONSE, SCIM, USER, Pushing
from tests.scim.checklists.origins import OKTA_SPEC, Origin, shape

CYBERARK = "https://identity-developer.cyberark.com/docs/for-more-information-about-scim-provisioning-redirected"
JUMPCLOUD = (
    "https://jumpcloud.com/support/"
    "provision-and-manage-users-and-groups-in-apps-using-custom-scim-identity-management-integration"
)
JUMPCLOUD_MEMBERS = "https://app.uni-moni.com/en/kb/sso-setup-jumpcloud"
PINGONE = (
    "https://developer.pingidentity.com/pingone-api/platform/identity-propagation-provisioning/"
    "propagation-stores/create-store-scim.html"
)
PINGONE_FILTERS = "https://docs.pingidentity.com/pingone/integrations/p1_scim_filter_expressions.html"
PINGFEDERATE = (
    "https://docs.pingidentity.com/r/en-us/pingfederate-scim-connector/"
    "pingfederate_scim_connector_scim_connector_settings_reference"
)
RIPPLING = "https://help.kombo.dev/hc/en-us/articles/35612530773521-Rippling-SCIM-How-do-I-link-my-account"
RIPPLING_PROBE = "https://authn-sh-docs.pages.dev/guides/scim/rippling/"
RIPPLING_RETRY = "https://mcp.waymark.network/r/41cf6d93-f8d6-4168-8143-c0abaf3de8a0"
ONELOGIN = "https://scim.dev/guide/applications/onelogin"
#: A log of OneLogin's requests: their query strings, their schemas, their method for a group.
ONELOGIN_LOG = "https://github.com/goauthentik/authentik/issues/11249"
ONELOGIN_EMAILS = "https://github.com/simstudioai/sim/pull/7567"
RETRIES = "https://github.com/croffasia/itsaplan/pull/250"


@shape(Origin.VENDOR_DOCUMENTATION, CYBERARK)
def test_cyberark_discovers_what_it_requires(generic: Pushing) -> None:
    assert generic.get("/Users?count=1").json["schemas"] == [LIST_RESPONSE]
    assert generic.get("/Groups").json["totalResults"] == 0
    assert generic.get("/ServiceProviderConfig").json["patch"] == {"supported": True}
    for kind, schema in (("User", USER), ("Group", GROUP)):
        resource_type = generic.get(f"/ResourceTypes/{kind}").json
        assert (resource_type["endpoint"], resource_type["schema"]) == (f"/{kind}s", schema)
        assert generic.get(f"/Schemas/{schema}").json["id"] == schema


@shape(Origin.VENDOR_DOCUMENTATION, CYBERARK)
def test_cyberark_keeps_users_by_put_and_groups_by_patch(generic: Pushing) -> None:
    user = generic.user("ada@acme.example", name={"givenName": "Ada", "familyName": "L"})
    assert generic.filter("/Users", 'userName eq "ada@acme.example"').json["Resources"] == [user]
    replaced = generic.put(f"/Users/{user['id']}", {**user, "active": False})
    assert (replaced.status_code, replaced.json["active"]) == (200, False)
    group = generic.group("Vault users")["id"]
    add = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
    assert generic.patch(f"/Groups/{group}", add).status_code == 200
    assert [member["value"] for member in generic.get(f"/Groups/{group}").json["members"]] == [user["id"]]


@shape(Origin.VENDOR_DOCUMENTATION, JUMPCLOUD)
def test_jumpcloud_activation_creates_and_deletes_a_test_user_and_a_test_group(generic: Pushing) -> None:
    user = generic.user("jumpcloud.test@acme.example", active=True)["id"]
    group = generic.group("JumpCloud test group", user)["id"]
    for path in (f"/Groups/{group}", f"/Users/{user}"):
        assert generic.delete(path).status_code == 204
        assert generic.get(path).status_code == 404
    assert generic.get("/").json["totalResults"] == 0


@shape(Origin.VENDOR_DOCUMENTATION, JUMPCLOUD)
def test_jumpcloud_walks_through_lookup_create_update_deprovision_and_delete(generic: Pushing) -> None:
    name = 'userName eq "ada@acme.example"'
    assert generic.filter("/Users", name).json["totalResults"] == 0
    user = generic.user("ada@acme.example", emails=[{"value": "ada@acme.example", "primary": True, "type": "work"}])
    path = f"/Users/{user['id']}"
    assert generic.put(path, {**user, "displayName": "Ada"}).json["displayName"] == "Ada"
    assert generic.put(path, {**user, "active": False}).json["active"] is False
    assert generic.filter("/Users", name).json["Resources"][0]["active"] is False
    assert generic.delete(path).status_code == 204
    assert generic.filter("/Users", name).json["totalResults"] == 0


@shape(Origin.THIRD_PARTY_GUIDE, JUMPCLOUD_MEMBERS)
def test_jumpcloud_removes_members_by_a_value_array_without_a_filter(generic: Pushing) -> None:
    users = sorted(generic.user(f"user{number}@acme.example")["id"] for number in range(3))
    group = generic.group("Staff", *users)["id"]
    remove = {"op": "remove", "path": "members", "value": [{"value": users[0]}, {"value": users[2]}]}
    assert generic.patch(f"/Groups/{group}", remove).status_code == 200
    assert generic.member_ids(group) == [users[1]]


@shape(Origin.VENDOR_DOCUMENTATION, PINGONE_FILTERS)
def test_pingone_finds_users_by_a_filter_in_odd_case(generic: Pushing) -> None:
    user = generic.user("ada@acme.example")["id"]
    for text in ('username Eq "ada@acme.example"', 'userName eq "ada@acme.example"'):
        found = generic.filter("/Users", text)
        assert (found.status_code, [one["id"] for one in found.json["Resources"]]) == (200, [user])


@shape(Origin.VENDOR_DOCUMENTATION, PINGFEDERATE)
def test_pingone_finds_users_by_work_email(generic: Pushing) -> None:
    user = generic.user("ada", emails=[{"value": "ada@acme.example", "type": "work"}])["id"]
    found = generic.filter("/Users", 'emails eq "ada@acme.example"')
    assert (found.status_code, [one["id"] for one in found.json["Resources"]]) == (200, [user])


@pytest.mark.parametrize(("handling", "op"), [("Merge", "add"), ("Overwrite", "replace")])
@shape(Origin.VENDOR_DOCUMENTATION, PINGONE)
def test_pingone_merges_or_overwrites_memberships(generic: Pushing, handling: str, op: str) -> None:
    first, second = sorted(generic.user(f"user{number}@acme.example")["id"] for number in range(2))
    group = generic.group("Staff", first)["id"]
    assert (
        generic.patch(f"/Groups/{group}", {"op": op, "path": "members", "value": [{"value": second}]}).status_code
        == 200
    )
    assert generic.member_ids(group) == ([first, second] if handling == "Merge" else [second])


@pytest.mark.parametrize("action", ["Disable", "Delete"])
@shape(Origin.VENDOR_DOCUMENTATION, PINGONE)
def test_pingone_disables_or_deletes_removed_users(generic: Pushing, action: str) -> None:
    user = generic.user("ada@acme.example")
    path = f"/Users/{user['id']}"
    if action == "Disable":
        assert generic.put(path, {**user, "active": False}).json["active"] is False
    else:
        assert generic.delete(path).status_code == 204
    assert generic.get(path).status_code == (200 if action == "Disable" else 404)


@shape(Origin.VENDOR_DOCUMENTATION, PINGONE)
def test_pingone_with_a_password_is_refused_and_told_to_send_a_token(generic: Pushing) -> None:
    password = base64.b64encode(b"doorward:secret").decode()
    answer = generic.get("/Users", headers={"Authorization": f"Basic {password}"})
    assert (answer.status_code, answer.json["schemas"]) == (401, [ERROR])
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "token" in answer.json["detail"]


@shape(Origin.THIRD_PARTY_GUIDE, RIPPLING_PROBE)
def test_rippling_probes_the_service_provider_config(generic: Pushing) -> None:
    answer = generic.get("/ServiceProviderConfig")
    assert (answer.status_code, answer.content_type) == (200, SCIM)
    assert answer.json["filter"]["supported"] is True


@shape(Origin.THIRD_PARTY_GUIDE, RIPPLING)
def test_rippling_creates_pages_patches_and_deletes_groups(generic: Pushing) -> None:
    body = {"externalId": "r-1", "emails": [{"value": "ada@acme.example", "primary": True}]}
    user = generic.user("ada@acme.example", name={"givenName": "Ada", "familyName": "L"}, **body)["id"]
    groups = [generic.group(name)["id"] for name in ("Engineering", "Sales", "Support")]
    pages = [generic.get(f"/Groups?startIndex={start}&count=2").json["Resources"] for start in (1, 3)]
    assert sorted(group["id"] for page in pages for group in page) == sorted(groups)
    generic.patch(f"/Groups/{groups[0]}", {"op": "add", "path": "members", "value": [{"value": user}]})
    assert generic.member_ids(groups[0]) == [user]
    assert [generic.delete(f"/Groups/{group}").status_code for group in groups] == [204] * 3


@shape(Origin.THIRD_PARTY_GUIDE, RIPPLING_RETRY)
def test_rippling_posting_the_same_external_id_again_creates_nobody(generic: Pushing) -> None:
    body = {"schemas": [USER], "userName": "ada@acme.example", "externalId": "r-1"}
    statuses = [generic.post("/Users", body).status_code for _ in range(3)]
    renamed = generic.post("/Users", {**body, "userName": "ada.l@acme.example"})
    assert (statuses, renamed.status_code) == ([201, 409, 409], 409)
    assert generic.get("/Users").json["totalResults"] == 1


@shape(Origin.THIRD_PARTY_GUIDE, ONELOGIN)
def test_onelogin_template_with_the_schema_of_scim_1_creates_a_user(generic: Pushing) -> None:
    body = {
        "schemas": ["urn:scim:schemas:core:1.0"],
        "userName": "onelogin-test-user01",
        "name": {"givenName": "AAA Test", "familyName": "User 01", "formatted": "AAA Test User 01"},
    }
    answer = generic.post("/Users", body)
    assert answer.status_code == 201, answer.text
    assert answer.json["schemas"] == [USER]


@shape(Origin.RECORDED_EXCHANGE, ONELOGIN_LOG)
def test_onelogin_query_strings_with_nothing_after_the_last_sign_route(generic: Pushing) -> None:
    user = generic.user("onelogin-test-user01")
    found = generic.get("/Users?filter=userName+eq+%22onelogin-test-user01%22&")
    assert [one["id"] for one in found.json["Resources"]] == [user["id"]]
    replaced = generic.put(f"/Users/{user['id']}?", {**user, "displayName": "AAA Test User 01"})
    assert (replaced.status_code, replaced.json["displayName"]) == (200, "AAA Test User 01")


@shape(Origin.RECORDED_EXCHANGE, ONELOGIN_LOG)
def test_onelogin_put_with_the_schemas_it_was_seen_to_send_is_understood(generic: Pushing) -> None:
    user = generic.user("onelogin-test-user01")["id"]
    body = {
        "schemas": ["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0"],
        "userName": "onelogin-test-user01",
        "name": {"familyName": " User 01", "givenName": "AAA Test"},
    }
    answer = generic.put(f"/Users/{user}?", body)
    assert answer.status_code == 200, answer.text
    assert answer.json["name"] == body["name"]


@shape(Origin.PUBLIC_THREAD, ONELOGIN_EMAILS)
def test_onelogin_email_without_primary_is_taken_as_it_is(generic: Pushing) -> None:
    user = generic.user("ada", emails=[{"value": "ada@acme.example", "type": "work"}])
    assert user["emails"] == [{"value": "ada@acme.example", "type": "work"}]
    assert generic.filter("/Users", 'emails.value eq "ada@acme.example"').json["totalResults"] == 1


@shape(Origin.MADE_UP_HERE, "django-scim2 was said to accept it; no captured request is public")
def test_onelogin_email_as_a_single_object_is_taken_as_a_list(generic: Pushing) -> None:
    body = {"schemas": [USER], "userName": "ada", "emails": {"value": "ada@acme.example", "type": "work"}}
    answer = generic.post("/Users", body)
    assert answer.status_code == 201, answer.text
    assert answer.json["emails"] == [body["emails"]]


@shape(Origin.THIRD_PARTY_GUIDE, "https://www.livingsecurity.com/migration/support/configuring-scim-for-onelogin")
def test_onelogin_template_with_the_enterprise_extension_is_stored(generic: Pushing) -> None:
    extension = {"organization": "Acme", "division": "D", "department": "R&D"}
    body = {
        "schemas": [USER, ENTERPRISE],
        "userName": "ada@acme.example",
        "name": {"familyName": "L", "givenName": "Ada"},
        "title": "",
        "addresses": [{"locality": "Berlin", "region": "", "country": "DE"}],
        ENTERPRISE: {**extension, "manager": {"value": "", "displayName": " "}},
    }
    answer = generic.post("/Users", body)
    assert answer.status_code == 201, answer.text
    assert answer.json[ENTERPRISE] == extension
    assert answer.json["addresses"][0]["locality"] == "Berlin"


@shape(Origin.VENDOR_TEST_SUITE, OKTA_SPEC)
def test_any_idp_may_ask_for_a_charset(generic: Pushing) -> None:
    asking = replace(generic, headers={"Accept": f"{SCIM}; charset=utf-8", "Accept-Charset": "utf-8"})
    answer = asking.post("/Users", {"schemas": [USER], "userName": "josé@acme.example"})
    assert (answer.status_code, answer.json["userName"]) == (201, "josé@acme.example")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", SCIM, f"{SCIM};charset=UTF-8"]
)
@shape(Origin.STANDARD, "RFC 7644 3.8")
def test_any_idp_may_send_plain_json(generic: Pushing, content_type: str) -> None:
    data = json.dumps({"schemas": [USER], "userName": "ada"})
    assert generic.send("POST", "/Users", data=data, content_type=content_type).status_code == 201


@shape(Origin.MADE_UP_HERE, "Okta's reference shows text/json, but on answers; no captured request with it is public")
def test_any_idp_may_send_text_json(generic: Pushing) -> None:
    data = json.dumps({"schemas": [USER], "userName": "ada"})
    answer = generic.send("POST", "/Users", data=data, content_type="text/json;charset=UTF-8")
    assert answer.status_code == 201, answer.text


@shape(
    Origin.MADE_UP_HERE, "clients join base URL and path as they like; each spelling follows from a setting people type"
)
def test_any_idp_may_end_paths_with_a_slash_and_spell_them_in_lower_case(generic: Pushing) -> None:
    user = generic.user("ada")["id"]
    assert generic.get(f"/Users/{user}/").json["id"] == user
    for path in ("/Users/", "/users", "/users/", ""):
        answer = generic.get(path)
        assert (answer.status_code, answer.json["totalResults"]) == (200, 1)
    assert generic.post("/Users/", {"schemas": [USER], "userName": "bob"}).status_code == 201


@shape(Origin.PUBLIC_THREAD, "https://github.com/wso2/product-is/issues/12813")
def test_any_idp_may_spell_parameters_in_lower_case(generic: Pushing) -> None:
    users = sorted(generic.user(f"user{number}")["id"] for number in range(3))
    page = generic.get('/Users?startindex=2&count=1&filter=meta.resourceType+eq+"User"').json
    assert (page["startIndex"], page["itemsPerPage"], page["totalResults"]) == (2, 1, 3)
    assert page["Resources"][0]["id"] in users


@shape(Origin.PUBLIC_THREAD, RETRIES)
def test_any_idp_may_repeat_a_request_that_timed_out(generic: Pushing) -> None:
    body: dict[str, Any] = {"schemas": [USER], "userName": "ada", "title": "Engineer"}
    first, second = generic.post("/Users", body), generic.post("/Users", {"schemas": [USER], "userName": "ada"})
    assert (first.status_code, second.status_code) == (201, 409)
    path = f"/Users/{first.json['id']}"
    group = generic.group("Staff")["id"]
    add = {"op": "add", "path": "members", "value": [{"value": first.json["id"]}]}
    assert generic.patch(f"/Groups/{group}", add).json == generic.patch(f"/Groups/{group}", add).json
    assert generic.put(path, {**body, "title": "x"}).json == generic.put(path, {**body, "title": "x"}).json
    assert [generic.delete(path).status_code for _ in range(2)] == [204, 404]
