"""Domains: the record to publish, the look-up, an operator's word, and what depends on them."""

from __future__ import annotations

import pytest

from tests.application import World
from tests.web.api.caller import Api
from tests.web.api.scenes import begin


def test_domain_is_verified_by_its_record_and_removed(world: World) -> None:
    scene = begin(world, verified=False)
    path = f"{scene.path}/domains"

    claimed = scene.api.post(path, {"host": "ACME.test.", **scene.by_admin})

    record = claimed["dns_record"]
    assert (claimed["host"], claimed["state"], record["type"], record["name"]) == (
        "acme.test",
        "pending",
        "TXT",
        "acme.test",
    )
    assert record["value"].startswith("doorward-domain-verification=")
    missing = scene.api.post(f"{path}/{claimed['id']}/verify")
    assert (missing["state"], missing["found"]["problem"]) == ("pending", "the name acme.test does not exist in DNS")
    world.dns.records["acme.test"] = ["something else", record["value"]]
    verified = scene.api.post(f"{path}/{claimed['id']}/verify", {"strategy": "dns"})
    assert (verified["state"], verified["verified_by"]) == ("verified", "dns")
    assert scene.api.get(path)["data"] == [scene.api.get(f"{path}/{claimed['id']}")]
    scene.api.delete(f"{path}/{claimed['id']}")
    assert scene.api.get(path) == {"data": [], "next_cursor": None}


def test_operator_may_vouch_for_a_domain(world: World) -> None:
    scene = begin(world, verified=False)
    claimed = scene.api.post(f"{scene.path}/domains", {"host": "acme.test", **scene.by_admin})

    verified = scene.api.post(f"{scene.path}/domains/{claimed['id']}/verify", {"strategy": "manual", **scene.by_admin})

    assert (verified["state"], verified["verified_by"]) == ("verified", "manual")
    entries = scene.api.get(f"{scene.path}/audit", limit=100)["data"]
    assert "operator on behalf of ada@acme.test" in {entry["actor"]["label"] for entry in entries}


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("other.test", "domain_not_your_own"),
        ("gmail.com", "domain_public_provider"),
        ("co.uk", "domain_public_suffix"),
        ("\u0430cme.test", "domain_lookalike"),
    ],
)
def test_host_that_may_not_be_claimed_is_refused_by_name(world: World, host: str, code: str) -> None:
    scene = begin(world, verified=False)

    problem = scene.api.refused("POST", f"{scene.path}/domains", {"host": host, **scene.by_admin})

    assert problem["code"] == code
    assert scene.api.get(f"{scene.path}/domains")["data"] == []


def test_first_domain_needs_an_administrator_whose_address_counts(world: World) -> None:
    scene = begin(world, verified=False)

    problem = scene.api.refused("POST", f"{scene.path}/domains", {"host": "acme.test"})

    assert problem["code"] == "acting_admin_required"


def test_later_domains_need_nobody_and_the_same_one_twice_is_refused(world: World) -> None:
    scene = begin(world)

    scene.api.post(f"{scene.path}/domains", {"host": "acme-labs.test"})

    problem = scene.api.refused("POST", f"{scene.path}/domains", {"host": "acme-labs.test"})
    assert problem["code"] == "domain_claimed"


def test_host_that_another_organization_has_verified_is_refused(world: World) -> None:
    begin(world)
    other = begin(world, "eve@evil.test", "Evil")
    claimed = other.api.post(f"{other.path}/domains", {"host": "acme.test"})

    problem = other.api.refused("POST", f"{other.path}/domains/{claimed['id']}/verify", {"strategy": "manual"})

    assert problem["code"] == "domain_verified_elsewhere"


def test_domain_that_single_sign_on_depends_on_is_not_removed(world: World) -> None:
    scene = begin(world)
    scene.require_sign_on()
    domain = scene.api.get(f"{scene.path}/domains")["data"][0]

    problem = scene.api.refused("DELETE", f"{scene.path}/domains/{domain['id']}")

    assert (problem["code"], problem["fix"]) == ("domain_in_use", "Turn that off first.")


@pytest.mark.parametrize("named", ["somebody else's admin", "nobody"])
def test_on_behalf_of_anybody_but_an_active_administrator_is_refused(world: World, named: str) -> None:
    scene = begin(world, verified=False)
    other = begin(world, "eve@evil.test", "Evil", verified=False)
    id_ = other.admin if named == "somebody else's admin" else "mem_" + "0" * 26

    problem = Api(world).refused(
        "POST", f"{scene.path}/domains", {"host": "acme.test", "on_behalf_of": id_}, status=400
    )

    assert (problem["code"], problem["field"]) == ("invalid_input", "on_behalf_of")
