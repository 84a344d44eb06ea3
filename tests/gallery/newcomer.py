"""An organization that begins with nothing: what its first administrator sees until all is set up and tried."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from app.ports.clock import SystemClock
from tests.authenticator import scanned
from tests.gallery.walk import View, Walker

HOST = "newfound.test"
KIM = f"kim@{HOST}"
LEE = f"lee@{HOST}"
_SETTINGS = "/settings/authentication"


def newcomer(walker: Walker) -> Iterator[View]:
    """From the link that the server prints to a second factor required."""
    page = walker.visitor()
    yield from _founds(walker, page)
    yield from _finds_everything_empty(page)
    yield from _verifies_the_domain(walker, page)
    yield from _sets_up_single_sign_on(walker, page)
    yield from _adds_a_directory(page)
    yield from _makes_keys(page)
    yield from _invites(walker, page)
    yield from _requires_a_second_factor(walker, page)
    page.context.close()


def _founds(walker: Walker, page: Page) -> Iterator[View]:
    link = walker.start_link()
    page.goto(link)
    yield View("start", "start.html", "The link that the server prints when it starts for the first time", page)
    page.get_by_label("Organization").fill("Newfound")
    page.get_by_label("Your name").fill("Kim Larsen")
    page.get_by_label("Your work email").fill(KIM)
    code = walker.code_after(page.get_by_role("button", name="Create the organization"), KIM)
    page.get_by_label("Six-digit code").fill(code)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Store your recovery codes")).to_be_visible()
    yield View("start-recovery-codes", "start_done.html", "Before anything else: the codes for the worst day", page)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Recovery codes confirmed")).to_be_visible()
    yield View("authentication-new", "settings/authentication.html", "The settings of a new organization", page)

    stranger = walker.visitor()
    stranger.goto(link)
    yield View("link-spent", "link_spent.html", "A one-time link, followed once more", stranger)
    stranger.context.close()


def _finds_everything_empty(page: Page) -> Iterator[View]:
    for path, template, caption in (
        ("setup-links", "settings/setup_links.html", "Links for whoever runs the identity provider, before the first"),
        ("keys", "settings/keys.html", "API keys, before the first"),
        ("roles", "settings/roles.html", "The roles that every organization begins with"),
    ):
        page.goto(f"/settings/{path}")
        yield View(f"{path}-new", template, caption, page)


def _verifies_the_domain(walker: Walker, page: Page) -> Iterator[View]:
    page.goto(_SETTINGS)
    page.get_by_label("Domain", exact=True).fill(HOST)
    page.get_by_role("button", name="Add domain").click()
    value = page.get_by_text("doorward-domain-verification=").first.inner_text().strip()
    page.get_by_role("button", name=f"Check {HOST} now").click()
    expect(page.get_by_text("The record was not found yet.")).to_be_visible()
    yield View("authentication-domain", "settings/authentication.html", "A domain that waits for its DNS record", page)
    walker.town.names.publish(HOST, value)
    page.get_by_role("button", name=f"Check {HOST} now").click()
    expect(page.locator("#domains").get_by_text("Verified").first).to_be_visible()


def _sets_up_single_sign_on(walker: Walker, page: Page) -> Iterator[View]:
    page.get_by_role("link", name="Set up single sign-on").click()
    yield View("guide-choice", "settings/guide_choice.html", "Setting up single sign-on begins with the product", page)
    page.get_by_role("button", name="Okta").first.click()
    expect(page.get_by_role("heading", name="Create the app")).to_be_visible()
    page.get_by_role("button", name="Done, go on").click()
    expect(page.locator('[aria-current="step"]')).to_contain_text("Configure SAML")
    yield View("guide-step", "settings/guide_step.html", "One step a screen, in the words of the provider", page)
    last = page.get_by_label("Metadata URL")
    while not last.is_visible():
        here = page.locator('[aria-current="step"]').inner_text()
        page.get_by_role("button", name="Done, go on").click()
        expect(page.locator('[aria-current="step"]')).not_to_have_text(here)
    last.fill(f"{walker.town.provider.origin}/nothing-here")
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_label("Metadata URL")).to_have_attribute("aria-invalid", "true")
    yield View("guide-error", "settings/guide_step.html", "What is wrong is said where it was typed", page)
    page.get_by_label("Metadata URL").fill(walker.town.provider.metadata_url)
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_role("heading", name="Test sign-in")).to_be_visible()
    yield View(
        "guide-test", "settings/guide_test.html", "The last step: try it, before it changes anybody's sign-in", page
    )


def _adds_a_directory(page: Page) -> Iterator[View]:
    page.goto(f"{_SETTINGS}#directory")
    directory = page.locator("#directory")
    directory.get_by_label("Name", exact=True).fill("Newfound Okta")
    directory.get_by_label("Pushed by").select_option("okta")
    directory.get_by_role("button", name="Add directory").click()
    page.locator("#directory").get_by_role("button", name="New token").click()
    expect(page.get_by_role("link", name="I have copied it")).to_be_visible()
    yield View("directory-token", "settings/directory_token.html", "The token of a directory, shown once", page)
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_text("Waiting for the first request from Okta")).to_be_visible()
    yield View(
        "authentication-waiting", "settings/authentication.html", "Half-way: everything says what it waits for", page
    )


def _makes_keys(page: Page) -> Iterator[View]:
    page.goto("/settings/keys")
    page.get_by_label("Label").fill("Terraform")
    page.get_by_role("button", name="Make key").click()
    expect(page.get_by_role("heading", name="API key Terraform")).to_be_visible()
    yield View("key-made", "settings/key_made.html", "A key for a program, shown once", page)


def _invites(walker: Walker, page: Page) -> Iterator[View]:
    page.goto("/settings/members")
    page.get_by_label("Email address").fill(LEE)
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("Invitation sent.")).to_be_visible()
    yield View("members-invited", "settings/members.html", "Members, and whoever is invited", page)
    lee = walker.visitor()
    lee.goto(walker.mailed_link(LEE, "/invitations/"))
    yield View("invitation", "invitation.html", "An invitation, as the invited see it", lee)
    lee.context.close()


def _requires_a_second_factor(walker: Walker, page: Page) -> Iterator[View]:
    page.goto("/profile")
    yield View("profile", "profile.html", "One's own profile, with sessions and latest sign-ins", page)
    page.get_by_role("button", name="Set up an authenticator app").click()
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    yield View("authenticator", "sign_in/enroll.html", "Setting up an authenticator app", page)
    app = scanned(page.content(), SystemClock())
    page.get_by_label("Type the six digits it shows").fill(app.code())
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Store your backup codes")).to_be_visible()
    yield View("backup-codes", "backup_codes.html", "Backup codes for a lost telephone", page)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Continue").click()
    page.goto(f"{_SETTINGS}#security")
    page.get_by_role("button", name="Require it…").click()
    expect(page.get_by_text("Afterwards an administrator can still get in")).to_be_visible()
    yield View(
        "plan-second-factor", "settings/plan.html", "What requiring a second factor would do, before it does", page
    )
    page.get_by_role("button", name="Require it").click()
    expect(page.get_by_text("A second factor is required from the next sign-in on.")).to_be_visible()

    visitor = walker.visitor()
    visitor.goto("/sign-in")
    yield View("sign-in", "sign_in/address.html", "Signing in begins with the address", visitor)
    visitor.get_by_label("Email address").fill(KIM)
    code = walker.code_after(visitor.get_by_role("button", name="Continue"), KIM)
    expect(visitor.get_by_label("Six-digit code")).to_be_visible()
    yield View("sign-in-code", "sign_in/code.html", "A code by email", visitor)
    visitor.get_by_label("Six-digit code").fill(code)
    visitor.get_by_role("button", name="Sign in").click()
    expect(visitor.get_by_role("heading", name="Two-step sign-in")).to_be_visible()
    yield View("sign-in-second-step", "sign_in/factor.html", "The second step", visitor)
    visitor.context.close()
