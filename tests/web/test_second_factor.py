"""Signing in with a second step, as a browser goes through it: asked for, set up, resumed, confirmed, recovered."""

from __future__ import annotations

import html
import re
from datetime import timedelta

from werkzeug.test import TestResponse

from app.rules.actor import OPERATOR
from app.rules.decisions import Code
from app.rules.factors import MfaPolicy
from app.services import factors, members, organizations, sessions
from app.store import attempts, sign_ins
from tests.application import Browser, World
from tests.authenticator import scanned
from tests.scenes import ADA, GRACE, Organization, found_organization
from tests.services.test_sign_in import add_member
from tests.web.settings.scenes import flat, recovery_session


def answer_with(browser: Browser, code: str) -> TestResponse:
    """Type a code into the first form of the page."""
    action = re.findall(r'action="(/sign-in/[^"]*)"', browser.page)[0]
    return browser.submit(action, code=code)


def past_the_mail(world: World, email: str = ADA) -> Browser:
    """A browser that has proven the address, and is asked for more."""
    browser = world.browser()
    browser.sign_in(email)
    return browser


def living(organization: Organization, email: str = ADA) -> list[tuple[str, str | None]]:
    """How the member's living sessions were opened."""
    member_id = organization.member(email).id
    with organization.world.transactions.reading() as unit:
        return [(row.opened_by, row.second_factor) for row in sessions.own(unit, member_id)]


def test_enrolled_member_is_asked_for_a_code_of_the_app_although_it_is_not_required(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()

    browser = past_the_mail(world)

    assert "Two-step sign-in" in browser.page
    assert browser.get("/profile").headers["Location"] == "/sign-in"
    browser.get("/sign-in")
    browser = past_the_mail(world)
    assert answer_with(browser, app.code()).headers["Location"] == "/"
    assert browser.get("/profile").status_code == 200
    assert living(organization) == [("email_code", "totp")]


def test_wrong_used_and_out_of_time_codes_are_told_apart_and_too_many_make_one_wait(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    browser = past_the_mail(world)

    wrong = answer_with(browser, app.wrong_code())
    early = answer_with(browser, app.code(steps=6))

    assert (wrong.status_code, early.status_code) == (400, 400)
    assert "That is not the right code" in flat(wrong.text)
    assert "Your clock seems off: this is a code of about 3 minutes ahead" in flat(early.text)
    for _ in range(2):
        assert answer_with(browser, app.wrong_code()).status_code == 400
    locked = answer_with(browser, app.wrong_code())
    assert locked.status_code == 429
    assert locked.headers["Retry-After"] == "900"
    assert "Try again in 15 minutes" in flat(locked.text)
    assert answer_with(browser, app.code()).status_code == 429
    assert living(organization) == []
    with world.transactions.reading() as unit:
        reasons = [row.reason for row in attempts.after(unit.session, organization.id, after_id="", limit=9)]
    assert Code.FACTOR_LOCKED in reasons


def test_backup_code_lets_in_without_the_app(world: World) -> None:
    organization = found_organization(world)
    organization.enroll()
    with world.transactions.writing(OPERATOR) as unit:
        codes = factors.make_backup_codes(unit, members.by_email(unit, ADA))
    assert isinstance(codes, tuple)
    browser = past_the_mail(world)

    answer = answer_with(browser, codes[3])

    assert answer.status_code == 303
    assert living(organization) == [("email_code", "backup_code")]
    page = flat(browser.get(answer.headers["Location"]).text)
    assert "You signed in with a backup code. You have 9 unused ones left." in page
    assert "an emailed code and a backup code" in page
    world.work()
    (mail,) = [mail for mail in world.post.to(ADA) if mail.subject == "A backup code was used"]
    assert "Unused codes left: 9." in mail.text
    assert "https://id.doorward.test/profile" in mail.text


def test_where_a_sign_in_leads_is_kept_after_a_backup_code_too(world: World) -> None:
    organization = found_organization(world)
    organization.enroll()
    with world.transactions.writing(OPERATOR) as unit:
        codes = factors.make_backup_codes(unit, members.by_email(unit, ADA))
    assert isinstance(codes, tuple)
    browser = world.browser()
    browser.get("/sign-in?next=/settings/members")
    browser.submit("/sign-in", email=ADA, next="/settings/members")
    browser.enter_code(ADA)

    assert answer_with(browser, codes[0]).headers["Location"] == "/settings/members"


def test_sign_ins_say_both_steps_and_wrong_codes_are_among_them(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    browser = past_the_mail(world)
    answer_with(browser, app.wrong_code())
    answer_with(browser, app.code())
    browser.get("/profile/confirm")
    browser.submit("/profile/confirm", next="/profile")
    answer_with(browser, app.wrong_code())
    answer_with(browser, app.code(steps=1))

    for path in ("/profile", "/settings/activity"):
        page = flat(browser.get(path).text).replace(f"{ADA} ", "")
        assert "Signed in an emailed code and an authenticator app" in page, path
        assert "Confirmed an authenticator app" in page, path
        assert "Refused an emailed code" in page, path
        assert "Refused an authenticator app" in page, path
        assert "What was typed is no present code of their authenticator app" in page, path


def test_code_that_is_no_backup_code_says_so_where_it_was_typed(world: World) -> None:
    organization = found_organization(world)
    codes = organization.store_recovery_codes()
    organization.enroll()
    browser = past_the_mail(world)
    action = re.findall(r'action="(/sign-in/factor[^"]*)"', browser.page)[0]

    page = browser.submit(action, code=codes[0], backup="yes").text

    assert "The recovery codes of your organization do not work here." in flat(page)
    assert "Type the one your app shows now." not in page
    assert '<details class="disclosure" open>' in page


def test_backup_code_is_no_use_of_the_app(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    with world.transactions.writing(OPERATOR) as unit:
        codes = factors.make_backup_codes(unit, members.by_email(unit, ADA))
    assert isinstance(codes, tuple)
    used = world.clock.now() - timedelta(seconds=30)
    world.clock.advance(hours=1)
    answer_with(past_the_mail(world), codes[0])

    with world.transactions.reading() as unit:
        facts = factors.of_member(unit, organization.admin_id)

    assert facts is not None
    assert facts.last_used_at == used
    assert answer_with(past_the_mail(world), app.code()).status_code == 303


def test_member_without_an_app_sets_one_up_before_anything_else_where_it_is_required(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE)
    organization.require_mfa()

    browser = past_the_mail(world, GRACE)

    assert "Your organization asks for a second step" in flat(browser.page)
    assert 'class="qr-code"' in browser.page
    assert browser.get("/profile").headers["Location"] == "/sign-in"
    browser = past_the_mail(world, GRACE)
    app = scanned(browser.page, world.clock)
    assert answer_with(browser, app.wrong_code()).status_code == 400
    assert organization.member(GRACE).enrolled_at is None
    stored = answer_with(browser, app.code())
    assert stored.status_code == 200
    assert len(set(re.findall(r"<code data-copy-line>([^<]+)</code>", stored.text))) == 10
    assert living(organization, GRACE) == [("email_code", "totp")]
    assert browser.submit("/profile/backup-codes/confirm").status_code == 400
    done = browser.submit("/profile/backup-codes/confirm", stored="yes", next="/")
    assert done.headers["Location"] == "/"
    assert "Not confirmed as stored" not in flat(browser.get("/profile").text)


def test_turning_the_requirement_off_frees_new_people_and_nobody_who_is_enrolled(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE)
    organization.require_mfa()
    organization.enroll(ADA)
    with world.transactions.writing(OPERATOR) as unit:
        organizations.read(unit, organization.id).mfa = MfaPolicy.OFF

    assert world.browser().sign_in(GRACE).headers["Location"] == "/"
    assert "Two-step sign-in" in past_the_mail(world, ADA).page


def test_page_that_is_loaded_again_asks_the_same_and_the_first_code_is_not_needed_twice(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    browser = past_the_mail(world)
    address = re.findall(r'action="/sign-in/factor(\?flow=[^"]*)"', browser.page)[0]

    browser.page = ""
    assert browser.get(f"/sign-in/continue{address}").status_code == 200
    assert "You were signing in as ada@acme.test." in flat(browser.get("/sign-in").text)
    browser.get(f"/sign-in/continue{address}")

    assert answer_with(browser, app.code()).status_code == 303


def test_half_finished_sign_in_is_of_no_use_in_another_browser_or_ten_minutes_later(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    browser = past_the_mail(world)
    address = re.findall(r'action="(/sign-in/factor[^"]*)"', browser.page)[0]
    other = world.browser()
    other.get("/sign-in")

    assert other.submit(address, code=app.code()).status_code == 403
    assert other.get(address.replace("/factor", "/continue")).status_code == 403
    world.clock.advance(minutes=10)
    assert browser.submit(address, code=app.code()).status_code == 403
    assert living(organization) == []


def test_second_step_alone_does_not_let_in_who_was_suspended_meanwhile(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE)
    app = organization.enroll(GRACE)
    browser = past_the_mail(world, GRACE)
    with world.transactions.writing(OPERATOR) as unit:
        members.to_edit(unit, organization.id, organization.member(GRACE).id, suspended=True).apply()

    assert answer_with(browser, app.code()).status_code == 403

    assert living(organization, GRACE) == []


def test_emailed_code_cannot_be_typed_at_the_second_step_and_the_app_not_at_the_first(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    browser = world.browser()
    browser.get("/sign-in")
    browser.submit("/sign-in", email=ADA)
    flow = re.findall(r"\?flow=([^\"]*)", browser.page)[0]

    assert browser.submit(f"/sign-in/factor?flow={flow}", code=app.code()).status_code == 403
    assert browser.submit(f"/sign-in/authenticator?flow={flow}", code=app.code()).status_code == 403

    assert living(organization) == []


def test_profile_sets_an_app_up_and_the_session_gets_a_new_token(world: World) -> None:
    organization = found_organization(world)
    browser = world.browser()
    browser.sign_in(ADA)
    browser.get("/profile")
    before = browser.client.get_cookie("__Host-doorward", domain="id.doorward.test")

    browser.submit("/profile/authenticator")
    app = scanned(browser.page, world.clock)
    assert answer_with(browser, app.code()).status_code == 200

    after = browser.client.get_cookie("__Host-doorward", domain="id.doorward.test")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    (leads_to,) = re.findall(r'name="next" value="([^"]+)"', browser.page)
    done = browser.submit("/profile/backup-codes/confirm", stored="yes", next=html.unescape(leads_to))
    page = flat(browser.get(done.headers["Location"]).text)
    assert "Your authenticator app is set up. You are asked for its code when you sign in. View in audit log" in page
    assert "Backup codes 10 unused" in page
    assert living(organization) == [("email_code", "totp")]


def test_session_found_open_changes_no_factor_before_it_was_confirmed(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    browser = past_the_mail(world)
    answer_with(browser, app.code())
    world.clock.advance(minutes=16)
    page = browser.get("/profile").text
    assert "It is not known that you were asked who you are within the last 15 minutes." in flat(page)

    refused = browser.submit("/profile/authenticator")
    codes = browser.submit("/profile/backup-codes")

    assert (refused.status_code, codes.status_code) == (409, 409)
    browser.get("/profile/confirm?next=/profile")
    browser.submit("/profile/confirm", next="/profile")
    assert "Confirm that it is you" in flat(browser.page)
    assert answer_with(browser, app.code()).headers["Location"] == "/profile"
    browser.get("/profile")
    assert browser.submit("/profile/backup-codes").status_code == 200
    assert living(organization) == [("email_code", "totp")]


def test_confirmation_by_email_serves_those_without_an_app_and_ends_no_later_than_before(world: World) -> None:
    organization = found_organization(world)
    browser = world.browser()
    browser.sign_in(ADA)
    with world.transactions.reading() as unit:
        ends = sessions.own(unit, organization.admin_id)[0].expires_at
    world.clock.advance(minutes=16)
    browser.get("/profile")

    browser.submit("/profile/confirm", next="/settings/authentication")
    assert browser.enter_code(ADA).headers["Location"] == "/settings/authentication"

    with world.transactions.reading() as unit:
        newest = sessions.own(unit, organization.admin_id)[0]
    assert newest.expires_at == ends
    assert newest.created_at == world.clock.now()


def test_confirmation_brings_no_session_back_that_was_ended_meanwhile(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    browser = past_the_mail(world)
    answer_with(browser, app.code())
    world.clock.advance(minutes=16)
    browser.get("/profile")
    browser.submit("/profile/confirm", next="/profile")
    with world.transactions.writing() as unit:
        sign_ins.end_sessions(unit.connection, [organization.admin_id], now=unit.now, reason="test")

    assert answer_with(browser, app.code()).status_code == 403

    assert living(organization) == []


def test_confirmation_leads_nowhere_else(world: World) -> None:
    found_organization(world)
    browser = world.browser()
    browser.sign_in(ADA)
    browser.get("/profile")

    for elsewhere in ("https://evil.test/", "//evil.test", "/\\evil.test", ""):
        page = browser.get(f"/profile/confirm?next={elsewhere}").text
        assert 'name="next" value="/profile"' in page, elsewhere


def recover(browser: Browser, code: str, recovery_code: str) -> TestResponse:
    browser.get("/recover")
    browser.submit("/recover", email=ADA)
    action = re.findall(r'action="(/sign-in/code[^"]*)"', browser.page)[-1]
    return browser.submit(action, code=code, recovery_code=recovery_code)


def test_recovery_takes_the_own_app_in_the_place_of_the_emailed_code(world: World) -> None:
    organization = found_organization(world)
    codes = organization.store_recovery_codes()
    app = organization.enroll()

    assert recover(world.browser(), app.code(), codes[0]).status_code == 303

    assert living(organization)[0][0] == "recovery"


def test_recovery_tries_no_code_of_an_app_out_without_a_recovery_code_that_works(world: World) -> None:
    organization = found_organization(world)
    codes = organization.store_recovery_codes()
    app = organization.enroll()

    for _ in range(6):
        assert recover(world.browser(), app.code(), "no-such-code").status_code == 400
        world.clock.advance(minutes=4)

    assert recover(world.browser(), app.code(), codes[0]).status_code == 303  # the app was not locked by that


def test_recovery_session_resets_the_own_app_and_no_other(world: World) -> None:
    organization = found_organization(world)
    organization.store_recovery_codes()
    add_member(organization, GRACE)
    organization.enroll(GRACE)
    organization.enroll(ADA)
    browser = recovery_session(world)

    def reset(email: str) -> TestResponse:
        member_id = organization.member(email).id
        page = browser.get(f"/settings/members/{member_id}").text
        found = re.findall(r'action="(/settings/members/[^"]+/reset)"', page)
        with world.transactions.reading() as unit:
            facts = factors.of_member(unit, member_id)
        assert facts is not None
        return browser.submit(found[0] if found else f"/settings/members/{member_id}/factor/{facts.id}/reset")

    theirs, own = reset(GRACE), reset(ADA)

    assert theirs.status_code == 409
    assert "A recovery session resets only your own" in flat(theirs.text)
    assert own.status_code == 303
    assert organization.member(ADA).enrolled_at is None
    assert organization.member(GRACE).enrolled_at is not None
    assert browser.get("/settings/authentication").status_code == 200  # and goes on
