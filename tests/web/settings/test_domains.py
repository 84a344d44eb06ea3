"""Domains on the settings page: added, looked up, removed, and why not."""

from __future__ import annotations

from tests.application import World
from tests.scenes import ADA, HOST, provisioned
from tests.web.settings.scenes import anchor, desk, flat, signed_in


def test_added_domain_shows_the_record_to_publish(world: World) -> None:
    ada = desk(world)

    domain_id = anchor(ada.browser.submit("/settings/domains", host=" ACME.test "))

    assert domain_id.startswith("dom_")
    assert "doorward-domain-verification=" in ada.page()
    assert "Waiting for DNS" in ada.page()


def test_waiting_domain_says_how_the_operator_can_do_without_the_record(world: World) -> None:
    ada = desk(world)
    ada.browser.submit("/settings/domains", host=HOST)

    assert "vouch for the domain instead, with ./doorward domain verify acme.test ." in flat(ada.page())


def test_first_domain_must_be_ones_own(world: World) -> None:
    ada = desk(world)

    answer = ada.browser.submit("/settings/domains", host="other.test")

    assert answer.status_code == 409
    assert "The first domain must be the one of your own email address, acme.test." in flat(answer.text)
    assert 'value="other.test"' in answer.text
    assert "No domain yet" in ada.page()


def test_what_is_no_domain_comes_back_with_the_form(world: World) -> None:
    answer = desk(world).browser.submit("/settings/domains", host="nonsense")

    assert answer.status_code == 400
    assert "That is not a domain name such as example.com." in answer.text
    assert 'value="nonsense"' in answer.text


def test_check_says_exactly_what_was_found(world: World) -> None:
    ada = desk(world)
    domain_id = anchor(ada.browser.submit("/settings/domains", host=HOST))
    check = f"/settings/domains/{domain_id}/check"

    assert "domain-not-found" in ada.browser.submit(check).headers["Location"]
    assert "the name acme.test does not exist in DNS." in flat(ada.page())
    world.dns.records[HOST] = []
    ada.browser.submit(check)
    assert "there is no TXT record at acme.test." in flat(ada.page())
    world.dns.records[HOST] = ["v=spf1 -all"]
    ada.browser.submit(check)
    assert "1 other TXT record is at acme.test, but not this one." in flat(ada.page())
    assert "v=spf1 -all" in ada.page()
    world.dns.records[HOST] = ["doorward-domain-verification=old"]
    ada.browser.submit(check)
    assert "with another value than the one above" in flat(ada.page())


def test_record_that_has_come_to_some_name_servers_counts_and_each_is_named(world: World) -> None:
    ada = desk(world)
    domain_id = anchor(ada.browser.submit("/settings/domains", host=HOST))
    ns = ("ada.ns.cloudflare.com", "bob.ns.cloudflare.com")
    world.dns.servers[HOST] = {ns[0]: [], ns[1]: []}
    ada.browser.submit(f"/settings/domains/{domain_id}/check")
    page = flat(ada.page())
    assert "Its name servers are those of Cloudflare: open its console ." in page
    assert 'href="https://dash.cloudflare.com/?to=/:account/:zone/dns"' in ada.browser.page
    world.dns.servers[HOST][ns[1]] = [f"doorward-domain-verification={_tokens(ada.browser.page)[0]}"]

    answer = ada.browser.submit(f"/settings/domains/{domain_id}/check")

    assert "domain-verified" in answer.headers["Location"]
    page = flat(ada.page())
    assert "1 of 2 name servers have the record." in page
    assert f"{ns[0]} does not have the record {ns[1]} has the record" in page


def test_found_record_verifies_the_domain(world: World) -> None:
    ada = desk(world)

    ada.verify_domain()

    assert "Verified" in ada.page()
    assert "1 member · verified just now by DNS record" in flat(ada.page())
    assert "doorward domain verify" not in ada.page()


def test_missing_record_of_a_verified_domain_is_a_warning(world: World) -> None:
    ada = desk(world)
    domain_id = ada.verify_domain()
    world.dns.records.clear()

    answer = ada.browser.submit(f"/settings/domains/{domain_id}/check")

    assert "domain-not-found" in answer.headers["Location"]
    assert "The DNS record is gone." in ada.page()


def test_domain_verified_by_another_organization_is_refused(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    eve = world.first_admin("eve@acme2.test", "Other")
    other_id = anchor(eve.submit("/settings/domains", host="acme2.test"))
    second = anchor(eve.submit("/settings/domains", host=HOST))
    eve.get("/settings/authentication")
    world.dns.records[HOST] += [f"doorward-domain-verification={token}" for token in _tokens(eve.page)]

    answer = eve.submit(f"/settings/domains/{second}/check")

    assert other_id != second
    assert answer.status_code == 409
    assert "acme.test is verified by another organization." in answer.text


def test_removing_a_domain_takes_its_name(world: World) -> None:
    ada = desk(world)
    domain_id = ada.verify_domain()
    remove = f"/settings/domains/{domain_id}/remove"

    refused = ada.browser.submit(remove, confirm="acme")

    assert refused.status_code == 400
    assert "Type acme.test to confirm." in refused.text
    assert "domain-removed" in ada.browser.submit(remove, confirm=HOST).headers["Location"]
    assert "No domain yet" in ada.page()


def test_domain_that_single_sign_on_needs_stays(world: World) -> None:
    ada = desk(world)
    ada.require_single_sign_on()
    domain_id = ada.page().partition('id="dom_')[2].partition('"')[0]

    answer = ada.browser.submit(f"/settings/domains/dom_{domain_id}/remove", confirm=HOST)

    assert answer.status_code == 409
    assert "This domain is needed by single sign-on." in answer.text
    assert "Go to Single Sign-On" in answer.text
    assert "aria-disabled" in ada.page()


def test_domain_that_the_directory_alone_needs_stays_and_the_refusal_leads_there(world: World) -> None:
    provisioned(world)
    browser = signed_in(world, ADA)
    domain_id = browser.get("/settings/authentication").text.partition('id="dom_')[2].partition('"')[0]

    answer = browser.submit(f"/settings/domains/dom_{domain_id}/remove", confirm=HOST)

    assert answer.status_code == 409
    assert "This domain is needed by the directory." in answer.text
    assert "Go to Directory provisioning" in answer.text
    assert "Go to Single Sign-On" not in answer.text


def _tokens(page: str) -> list[str]:
    return [part.partition("<")[0] for part in page.split("doorward-domain-verification=")[1:]]
