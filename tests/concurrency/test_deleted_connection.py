"""A connection deleted at the moment somebody comes back through it: nobody is signed in, and neither fails."""

from __future__ import annotations

import threading

import pytest

from app.rules.decisions import Code
from app.services.attempts import NO_ADDRESS
from app.services.steps import NextStep, TurnedAway
from app.store.connections import Connection
from tests.application import World
from tests.scenes import ADA
from tests.services.single_sign_on import connected, identity_of


@pytest.mark.parametrize("is_rejected", [False, True])
def test_test_sign_in_that_arrives_while_its_connection_is_deleted_is_turned_away(
    world: World, is_rejected: bool
) -> None:
    """Whoever deletes holds the organization and takes the flows: whoever arrives must not hold a flow first."""
    scene = connected(world)
    arrival, steps = scene.leave(tester=True), list[NextStep]()
    result = NO_ADDRESS if is_rejected else identity_of(world, ADA)
    theirs = threading.Thread(target=lambda: steps.append(scene.arrive(arrival, result)))
    with world.transactions.writing() as unit:
        unit.lock(scene.organization.id)
        theirs.start()
        theirs.join(0.5)  # waits
        unit.session.delete(unit.session.get(Connection, scene.connection_id))
    theirs.join()

    assert isinstance(steps[0], TurnedAway)
    assert steps[0].refused.code is Code.FLOW_EXPIRED
