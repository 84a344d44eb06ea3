"""The page of members: inviting, sending again, revoking, accepting; and finding somebody in it."""

from __future__ import annotations

import re

from app.rules.actor import OPERATOR
from app.services import members
from tests.application import World
from tests.scenes import ADA, GRACE, provisioned
from tests.web.settings.scenes import Desk, desk, flat, recovery_session

BOB = "bob@guest.test"


def invite(ada: Desk, email: str = BOB, role: str = "member") -> str:
    """Invite somebody; the page afterwards."""
    ada.browser.get("/settings/members")
    answer = ada.browser.submit("/settings/invitations", email=email, role=role)
    if answer.status_code == 303:
        return ada.browser.get(answer.headers["Location"]).text
    return answer.text


def link(world: World, email: str = BOB) -> str:
    """The link in the newest mail to this address."""
    world.work()
    return str(re.findall(r"https?://[^/]+(/invitations/[\w-]+)", world.post.to(email)[-1].text)[0])


def test_invited_person_follows_the_link_proves_the_address_and_is_a_member(world: World) -> None:
    ada = desk(world)
    page = flat(invite(ada))
    assert "Invitation sent." in page
    assert "bob@guest.test Invited" in page
    bob = world.browser()
    shown = flat(bob.get(link(world)).text)
    assert "You are invited to Acme" in shown
    assert "Ada Admin (ada@acme.test) asks you to join as Member" in shown
    assert world.post.to(BOB)[-1].text.startswith("Ada Admin (ada@acme.test) invites you to Acme.")
    bob.submit(link(world))
    assert bob.enter_code(BOB).status_code == 303

    assert "bob@guest.test" in flat(bob.get("/profile").text)
    page = flat(ada.browser.get("/settings/members").text)
    assert "bob@guest.test Invited" not in page
    assert "2 people in Acme" in page


def test_link_that_was_used_revoked_replaced_or_has_expired_says_which(world: World) -> None:
    ada = desk(world)
    invite(ada)
    first = link(world)
    world.clock.advance(minutes=2)
    again = re.findall(r'action="(/settings/invitations/[^"]+/send-again)"', ada.browser.page)[0]
    assert ada.browser.submit(again).status_code == 303
    second = link(world)
    stranger = world.browser()

    assert "a newer invitation took its place" in flat(stranger.get(first).text)
    world.clock.advance(days=8)
    assert "This invitation has expired" in flat(stranger.get(second).text)
    ada = desk_again(ada)
    assert "bob@guest.test Expired" in flat(ada.browser.get("/settings/members").text)
    revoke = re.findall(r'action="(/settings/invitations/[^"]+/revoke)"', ada.browser.page)[0]
    assert ada.browser.submit(revoke).status_code == 303
    gone = stranger.get(second)
    assert gone.status_code == 410
    assert "This invitation was revoked." in flat(gone.text)


def desk_again(ada: Desk) -> Desk:
    """The same administrator, signed in anew."""
    ada.browser.sign_in(ADA)
    return ada


def test_what_cannot_be_invited_is_said_at_the_field_and_what_was_typed_stays(world: World) -> None:
    ada = desk(world)

    for typed, sentence in (
        ("nobody", "address"),
        (ADA, "ada@acme.test is a member already. Look for them under Members."),
    ):
        page = invite(ada, typed)
        assert sentence in flat(page)
        assert f'value="{typed}"' in page
    invite(ada)
    world.clock.advance(minutes=1)
    assert "bob@guest.test is invited already." in flat(invite(ada))


def test_sending_again_at_once_is_refused(world: World) -> None:
    ada = desk(world)
    invite(ada)
    again = re.findall(r'action="(/settings/invitations/[^"]+/send-again)"', ada.browser.page)[0]

    answer = ada.browser.submit(again)

    assert answer.status_code == 429
    assert "This was sent less than a minute ago." in flat(answer.text)


def test_recovery_session_invites_nobody(world: World) -> None:
    desk(world)
    browser = recovery_session(world)

    page = browser.get("/settings/members").text

    assert "/settings/invitations" not in page
    assert browser.submit("/settings/invitations", email=BOB, role="admin").status_code == 403


def test_members_are_found_by_name_address_role_state_and_factor(world: World) -> None:
    ada = desk(world)
    ada.member(GRACE, role="admin")
    ada.member("edsger@acme.test")
    ada.organization.enroll(GRACE)
    with world.transactions.writing(OPERATOR) as unit:
        edsger = ada.organization.member("edsger@acme.test").id
        members.to_edit(unit, ada.organization.id, edsger, suspended=True).apply()

    def found(**wanted: str) -> list[str]:
        query = "&".join(f"{name}={value}" for name, value in wanted.items())
        page = ada.browser.get(f"/settings/members?{query}").text
        return re.findall(r'<p class="small muted">(\w+)@acme.test</p>', page)

    assert found() == ["ada", "grace", "edsger"]
    assert found(text="GRA") == ["grace"]
    assert found(text="Ada Admin") == ["ada"]
    assert found(text="%") == []
    assert found(role="admin", factor="none") == ["ada"]
    assert found(state="suspended") == ["edsger"]
    assert found(state="active", role="admin") == ["ada", "grace"]
    assert found(factor="set_up") == ["grace"]
    assert found(state="nonsense") == []
    assert "Nobody matches" in ada.browser.page


def test_filter_is_kept_from_page_to_page(world: World) -> None:
    scene = provisioned(world)
    for number in range(60):
        scene.scim.add_user(f"person{number:02}@acme.test")
    browser = world.browser()
    browser.sign_in(ADA)

    first = browser.get("/settings/members?text=person").text

    following = re.findall(r'href="(/settings/members\?text=person&amp;after=[^"]+)"', first)[0].replace("&amp;", "&")
    second = browser.get(following).text
    assert len(set(re.findall(r"person\d\d@", first))) == 50
    assert len(set(re.findall(r"person\d\d@", second))) == 10
    assert "ada@acme.test</p>" not in second


def test_member_was_active_when_a_browser_of_theirs_was_last_seen(world: World) -> None:
    ada = desk(world)
    ada.browser.get("/settings/members")
    world.clock.advance(hours=3)
    ada.browser.get("/profile")
    world.clock.advance(hours=1)

    page = flat(ada.browser.get("/settings/members").text)

    assert "Last active: 1 hour ago" in page
