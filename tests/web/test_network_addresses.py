"""The audit log tells where a request came from: pages, sign-ins, programs and directories have an address, whatever
nobody asked for over the network has none.
"""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from app.factory import create_program
from app.rules.actor import OPERATOR
from app.services import audit, audit_chain
from tests.application import BASE_URL, OPERATOR_TOKEN, World, ports_for, settings_for
from tests.scenes import GRACE, HOST, provisioned
from tests.services.audit_chain import faults
from tests.web.api.scenes import begin
from tests.web.settings.scenes import desk, flat

LOOPBACK = "127.0.0.1"


def addresses(world: World, organization_id: str) -> dict[str, str | None]:
    """The latest address by what was done."""
    with world.transactions.reading() as unit:
        entries = audit.feed(unit, organization_id, after="", limit=200)
    return {entry.action: entry.network_address for entry in entries}


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
def test_page_export_and_entry_tell_from_where_a_page_was_used(world: World, address: str) -> None:
    ada = desk(world)
    assert isinstance(ada.browser.client, FlaskClient)
    ada.browser.client.environ_base["REMOTE_ADDR"] = address

    ada.verify_domain()

    assert addresses(world, ada.organization.id)["domain.claimed"] == address
    text = flat(ada.browser.get("/settings/audit").text)
    assert f"Settings pages from {address} domain.verified" in text
    table = ada.browser.get("/settings/audit/export?format=csv&area=domain.").text.splitlines()
    assert table[0].split(",")[5:7] == ["actor_label", "network_address"]
    assert [line.split(",")[6] for line in table[1:]] == [address, address]
    assert f'"network_address": "{address}"' in ada.browser.get("/settings/audit/export?format=jsonl").text


def test_refusal_and_sign_in_have_their_address(world: World) -> None:
    ada = desk(world)
    ada.browser.submit(f"/settings/members/{ada.organization.admin_id}/suspend")

    told = addresses(world, ada.organization.id)

    assert told["member.suspended"] == LOOPBACK
    assert told["organization.created"] == LOOPBACK


def test_program_has_its_address_in_the_log_that_it_reads(world: World) -> None:
    scene = begin(world)
    scene.api.patch(scene.path, {"name": "Acme Inc."})

    (entry,) = scene.api.get(f"{scene.path}/audit", action="organization.updated")["data"]

    assert entry["network_address"] == LOOPBACK


def test_push_has_the_address_of_the_identity_provider(world: World) -> None:
    made = provisioned(world)
    made.scim.add_user(GRACE)

    assert addresses(world, made.organization.id)["member.created"] == LOOPBACK


def test_what_no_request_asked_for_has_none(world: World) -> None:
    ada = desk(world)
    ada.browser.submit("/settings/domains", host=HOST)
    ada.browser.get("/settings/authentication")
    world.dns.records[HOST] = re.findall(r"doorward-domain-verification=[\w-]+", ada.browser.page)[-1:]
    world.clock.advance(minutes=2)
    world.work()

    assert addresses(world, ada.organization.id)["domain.verified"] is None
    assert "Doorward itself domain.verified" in flat(ada.browser.get("/settings/audit").text)


def test_behind_a_trusted_proxy_the_address_is_what_the_proxy_tells(world: World, database_url: str) -> None:
    made = provisioned(world)
    ports = ports_for(world.clock, world.post, world.dns)
    program = create_program(settings_for(database_url, trusted_proxies=1), ports)
    behind = program.app.test_client()
    sent = {"X-Forwarded-For": "10.9.9.9, 192.0.2.7"}
    try:
        pushed = behind.post(
            f"{made.scim.base_url}/Users",
            json={"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": GRACE, "active": True},
            headers=sent | {"Authorization": f"Bearer {made.scim.token}"},
        )
        renamed = behind.patch(
            f"{BASE_URL}/api/v1/organizations/{made.organization.id}",
            json={"name": "Acme Inc."},
            headers=sent | {"Authorization": f"Bearer {OPERATOR_TOKEN}"},
        )
    finally:
        program.close()

    assert (pushed.status_code, renamed.status_code) == (201, 200)
    told = addresses(world, made.organization.id)
    assert told["member.created"] == told["organization.updated"] == "192.0.2.7"


def test_entries_with_and_without_an_address_make_one_chain(world: World) -> None:
    ada = desk(world)
    with world.transactions.writing(OPERATOR) as unit:
        unit.audit(ada.organization.id, "organization.updated")
    ada.verify_domain()

    audit_chain.seal(world.transactions)

    told = addresses(world, ada.organization.id).values()
    assert {None, LOOPBACK} <= set(told)
    assert faults(world, ada.organization.id) == []
