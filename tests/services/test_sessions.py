"""The token of a session: long, random, kept as a digest, and worth nothing once the session was ended."""

from __future__ import annotations

import base64

from sqlalchemy import select

from app.services import sessions
from app.store.database import Base
from app.store.sign_ins import SignInSession
from tests.application import World
from tests.scenes import found_organization


def test_token_has_256_bits_of_its_own_and_the_database_keeps_its_digest_only(world: World) -> None:
    organization = found_organization(world)

    tokens = {organization.open_session() for _ in range(20)}

    assert len(tokens) == 20
    assert {len(base64.urlsafe_b64decode(f"{token}=")) for token in tokens} == {32}
    with world.transactions.reading() as unit:
        rows = [str(row) for row in unit.session.execute(select(Base.metadata.tables[SignInSession.__tablename__]))]
    assert rows
    assert not any(token in row for token in tokens for row in rows)


def test_token_that_was_changed_or_made_up_is_nobody_s(world: World) -> None:
    token = found_organization(world).open_session()

    with world.transactions.reading() as unit:
        assert sessions.recognise(unit, token) is not None
        for other in ("", token[:-1], f"{token}A", token.swapcase(), unit.ports.sealing.digest(token)):
            assert sessions.recognise(unit, other) is None, other
