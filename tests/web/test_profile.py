"""One's own page: a name that is one's own to choose, and the sign-ins somebody should recognise."""

from __future__ import annotations

from tests.application import World, led_to
from tests.scenes import ADA, found_organization, provisioned
from tests.web.settings.scenes import desk, flat


def test_name_is_changed_by_its_owner_and_told(world: World) -> None:
    organization = found_organization(world)
    browser = world.browser()
    browser.sign_in(ADA)
    browser.get("/profile")

    assert led_to(browser.submit("/profile/name", name=" Ada King ")) == "/profile?done=name-changed"

    assert organization.member(ADA).name == "Ada King"
    assert {"name": "Ada King"} in [event.data for event in organization.events() if event.type == "member.updated"]
    assert "changed the name of" in flat(browser.get("/settings/audit").text)


def test_app_is_not_pressed_on_whoever_comes_through_the_identity_provider(world: World) -> None:
    ada = desk(world)
    assert "Not needed while" not in flat(ada.browser.get("/profile").text)

    ada.require_single_sign_on()

    assert "Not needed while you sign in through Acme Okta." in flat(ada.browser.get("/profile").text)


def test_empty_name_is_refused_at_its_field(world: World) -> None:
    organization = found_organization(world)
    browser = world.browser()
    browser.sign_in(ADA)
    browser.get("/profile")

    answer = browser.submit("/profile/name", name=" ")

    assert answer.status_code == 400
    assert "This must not be empty." in answer.text
    assert organization.member(ADA).name == "Ada Admin"


def test_name_of_a_managed_member_is_the_directorys_to_give(world: World) -> None:
    scene = provisioned(world)
    browser = world.browser()
    browser.sign_in(ADA)
    page = browser.get("/profile").text
    assert "/profile/name" not in page

    answer = browser.submit("/profile/name", name="Somebody")

    assert answer.status_code == 409
    assert "The name of ada@acme.test comes from the directory." in flat(answer.text)
    assert scene.organization.member(ADA).name == "Ada"


def test_profile_shows_the_latest_sign_ins_of_its_owner_only(world: World) -> None:
    found_organization(world)
    found_organization(world, "olga@other.test", "Other")
    browser = world.browser()
    browser.sign_in(ADA)

    page = browser.get("/profile").text

    assert flat(page).count("Signed in an emailed code") == 2
    assert "olga" not in page
