"""Key pairs of organizations: made once, sealed, several at a time, and never another organization's."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from cryptography import x509
from sqlalchemy import delete, text
from sqlalchemy.exc import IntegrityError

from app.ports.key_pairs import SystemKeyPairs
from app.rules.connections import OwnKey
from app.services import connections, key_pairs
from app.store.connections import Connection
from app.store.key_pairs import KeyPairRow
from tests.application import World
from tests.scenes import found_organization
from tests.services.single_sign_on import SingleSignOn, connect, connected


def own_keys(scene: SingleSignOn) -> tuple[OwnKey, ...]:
    """The keys that a sign-in through this connection works with."""
    with scene.world.transactions.reading() as unit:
        return connections.described(unit, scene.connection_id, protocol="saml").own_keys


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


def test_old_and_new_pair_are_both_there_and_one_signs(world: World) -> None:
    scene = connected(world)
    (old,) = own_keys(scene)
    add_pair(scene, id_="pair_zz", signs=False)
    both = own_keys(scene)
    assert [key.signs for key in both] == [True, False]
    assert both[0] == old
    with pytest.raises(IntegrityError):
        add_pair(scene, id_="pair_zzz", signs=True)


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


def add_pair(scene: SingleSignOn, *, id_: str, signs: bool) -> None:
    """A further pair, as a rollover makes it."""
    with scene.world.transactions.writing() as unit:
        made = replace(unit.ports.key_pairs.make(name="new", now=unit.now))
        unit.session.add(
            KeyPairRow(
                id=id_,
                organization_id=scene.organization.id,
                certificate=made.certificate,
                sealed_private_key=unit.ports.sealing.seal(made.private_key, place=key_pairs._place(id_)),
                signs=signs,
                created_at=unit.now,
                expires_at=made.expires_at,
            )
        )
        unit.session.flush()
