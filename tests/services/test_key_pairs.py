"""Key pairs of organizations: made once, sealed, several at a time, and never another organization's."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography import x509
from sqlalchemy import delete, text
from sqlalchemy.exc import IntegrityError

from app.ports.key_pairs import SystemKeyPairs
from app.rules.actor import OPERATOR
from app.rules.connections import OwnKey
from app.rules.errors import ConflictError, NotFoundError
from app.services import connection_settings, key_pairs
from app.services.unit_of_work import UnitOfWork
from app.store.connections import Connection
from app.store.events import Event
from app.store.key_pairs import KeyPairRow
from tests.application import World
from tests.scenes import found_organization
from tests.services.single_sign_on import SingleSignOn, connect, connected


def own_keys(scene: SingleSignOn) -> tuple[OwnKey, ...]:
    """The keys that a sign-in through this connection works with."""
    with scene.world.transactions.reading() as unit:
        return connection_settings.described(unit, scene.connection_id, protocol="saml").own_keys


def test_first_connection_brings_a_key_pair_and_the_second_uses_the_same(world: World) -> None:
    first = connected(world)
    (made,) = own_keys(first)
    assert made.signs
    assert own_keys(connect(first.organization)) == (made,)


def test_private_key_is_sealed_to_its_row(world: World) -> None:
    scene = connected(world)
    (made,) = own_keys(scene)
    with world.transactions.reading() as unit:
        (row,) = unit.session.query(KeyPairRow).all()
    assert "PRIVATE KEY" in made.private_key
    assert "PRIVATE KEY" not in row.sealed_private_key
    assert made.private_key not in repr(made)


def test_pair_is_replaced_in_three_steps_and_both_decrypt_until_the_last(world: World) -> None:
    scene = connected(world)
    organization_id = scene.organization.id
    (old,) = own_keys(scene)
    step(world, key_pairs.add_second, organization_id)
    first, second = own_keys(scene)
    assert (first, second.signs) == (old, False)
    step(world, key_pairs.sign_with_second, organization_id)
    assert own_keys(scene) == (replace(old, signs=False), replace(second, signs=True))
    step(world, key_pairs.sign_with_second, organization_id)
    step(world, key_pairs.retire_first, organization_id)
    assert own_keys(scene) == (replace(second, signs=True),)
    with world.transactions.reading() as unit:
        types = [event.type for event in unit.session.query(Event).order_by(Event.id) if "key_pair" in event.type]
    assert types == ["key_pair.added", "key_pair.signs", "key_pair.retired"]


def test_step_that_is_not_due_is_refused_and_changes_nothing(world: World) -> None:
    organization = found_organization(world)
    with pytest.raises(NotFoundError, match="no connection yet"):
        step(world, key_pairs.add_second, organization.id)
    scene = connect(organization)
    for early in (key_pairs.sign_with_second, key_pairs.retire_first):
        with pytest.raises(ConflictError, match="no second certificate"):
            step(world, early, organization.id)
    step(world, key_pairs.add_second, organization.id)
    before = own_keys(scene)
    with pytest.raises(ConflictError, match="two certificates already"):
        step(world, key_pairs.add_second, organization.id)
    with pytest.raises(ConflictError, match="still signed with the old"):
        step(world, key_pairs.retire_first, organization.id)
    assert own_keys(scene) == before


def test_two_pairs_never_sign(world: World) -> None:
    scene = connected(world)
    with pytest.raises(IntegrityError):
        step(world, lambda unit, id_: key_pairs._make(unit, id_, signs=True), scene.organization.id)


def test_worker_makes_a_pair_for_connections_older_than_pairs_are(world: World) -> None:
    scene = connected(world)
    found_organization(world, "x@other.test", "Without a connection")
    with world.transactions.writing() as unit:
        unit.session.execute(delete(KeyPairRow))
    assert own_keys(scene) == ()
    world.clock.advance(hours=2)
    world.work()
    assert len(own_keys(scene)) == 1
    with world.transactions.reading() as unit:
        assert unit.session.query(KeyPairRow).count() == 1


def test_pairs_go_with_their_organization(world: World) -> None:
    scene = connected(world)
    with world.transactions.writing() as unit:
        unit.session.execute(delete(Connection))
        unit.session.execute(text("DELETE FROM organizations"))
        assert unit.session.query(KeyPairRow).count() == 0
    assert scene.organization.id


def test_certificate_that_is_made_is_of_its_key_and_lasts_ten_years(world: World) -> None:
    made = SystemKeyPairs().make(name="id.doorward.test", now=world.clock.now())
    certificate = x509.load_der_x509_certificate(base64.b64decode(made.certificate))
    assert certificate.subject.rfc4514_string() == "CN=id.doorward.test"
    assert certificate.not_valid_after_utc == made.expires_at
    assert (made.expires_at - world.clock.now()).days == 3653
    certificate.verify_directly_issued_by(certificate)


def step(world: World, do: Callable[[UnitOfWork, str], object], organization_id: str) -> None:
    with world.transactions.writing(OPERATOR) as unit:
        do(unit, organization_id)
