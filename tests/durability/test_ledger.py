"""The comparison after a kill finds what it looks for: each kind of half-done push, made by hand."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.application import BASE_URL, World
from tests.durability.pushing import address, body
from tests.durability.rounds import Scene, scene
from tests.services.audit_chain import drop_triggers

MEMBER = "(SELECT member_id FROM directory_users WHERE user_name_key = :user)"
USER = "(SELECT id FROM directory_users WHERE user_name_key = :user)"
TAMPERINGS = {
    "the filter index differs": f"DELETE FROM directory_user_digests WHERE user_id = {USER}",
    "no member": "UPDATE directory_users SET member_id = NULL WHERE user_name_key = :user",
    "the member is": f"UPDATE members SET state = 'deactivated' WHERE id = {MEMBER}",
    "0 events and 1 audit entries": f"DELETE FROM events WHERE subject = {MEMBER}",
    "1 events and 0 audit entries": f"DELETE FROM audit_entries WHERE subject = {MEMBER}",
    "is not there": "UPDATE directory_users SET user_name_key = 'somebody' WHERE user_name_key = :user",
}


def push(world: World, made: Scene, number: int) -> str:
    answer = world.program.app.test_client().post(
        f"{made.path}/Users",
        json=body(number),
        base_url=BASE_URL,
        headers={"Authorization": f"Bearer {made.token}"},
        content_type="application/scim+json",
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"]) if answer.json else ""


@pytest.mark.parametrize("sentence", TAMPERINGS)
def test_half_done_push_is_found(world: World, database_url: str, sentence: str) -> None:
    made = scene(world, database_url)
    acknowledged = {address(number): push(world, made, number) for number in range(2)}
    assert made.problems(acknowledged) == []

    with world.transactions.database.writing() as connection:
        drop_triggers(connection)
        connection.execute(text(TAMPERINGS[sentence]), {"user": address(1)})
        connection.commit()

    assert any(sentence in problem for problem in made.problems(acknowledged))
