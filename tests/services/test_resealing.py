"""Sealing anew: everything opens without the old key, whatever somebody is changing is left for the next time, and the
list of sealed columns is whole.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.factory import Program, create_program
from app.rules.factors import Verdict
from app.rules.identity import ProviderSession
from app.services import audit_chain, connection_settings, factors, members, provider_sessions, resealing
from app.services.resealing import AUDIT_ENDS, Uses
from app.store import sealed
from app.store.provider_sessions import SignOutRow
from app.store.sealed import SEALED, SealedColumn
from app.store.sign_ins import SignInFlow, SignInSession
from app.store.tables import METADATA
from tests.application import SECRET_KEY, World, settings_for
from tests.authenticator import Authenticator
from tests.scenes import ADA
from tests.services.single_sign_on import SingleSignOn, connected

NEW = "another-key-for-tests-0123456789abcdef"
SERVICES = Path(resealing.__file__).parent


@pytest.fixture
def scene(world: World) -> SingleSignOn:
    """A connection, a test that is under way, and a session that is being signed out, all under the key of tests."""
    found = connected(world)
    flow_id = found.leave(tester=True).flow_id
    found.organization.open_session()
    with world.transactions.writing() as unit:
        seal = unit.ports.sealing.seal
        flow = unit.session.get_one(SignInFlow, flow_id)
        flow.sealed_secrets = seal("{}", place=f"sign_in_flows/{flow_id}")
        session_id = unit.session.scalars(select(SignInSession.id)).all()[0]
        provider_sessions.keep(unit, session_id, found.connection_id, ProviderSession("https://idp.test", "ada"))
        sign_out = SignOutRow(
            handle="handle",
            browser_digest="",
            connection_id=found.connection_id,
            request_id="_1",
            sealed=seal("{}", place="sign_outs/handle"),
            expires_at=unit.now,
        )
        unit.session.add(sign_out)
    return found


@pytest.fixture
def app_of_ada(scene: SingleSignOn) -> Authenticator:
    """Her authenticator app, of which she was told by mail. With it something stands in every sealed column."""
    app = scene.organization.enroll()
    audit_chain.seal_all(scene.world.transactions)
    return app


@pytest.fixture
def both(database_url: str) -> Iterator[Program]:
    with closing(with_keys(database_url, NEW, SECRET_KEY)) as program:
        yield program


@pytest.fixture
def alone(database_url: str) -> Iterator[Program]:
    with closing(with_keys(database_url, NEW)) as program:
        yield program


def with_keys(url: str, *keys: str) -> Program:
    return create_program(settings_for(url, secret_keys=",".join(keys)))


def counted(uses: Uses) -> list[tuple[int | None, set[str]]]:
    return [(use.number, set(use.values)) for use in uses.keys]


EVERYTHING = {column.table for column in SEALED} | {AUDIT_ENDS}


def test_everything_that_an_old_key_has_sealed_opens_without_it_afterwards(
    scene: SingleSignOn, app_of_ada: Authenticator, both: Program, alone: Program
) -> None:
    before = resealing.uses(both.transactions)
    assert counted(before) == [(1, set()), (2, EVERYTHING)]
    assert before.older_needed
    lost = resealing.uses(alone.transactions)
    assert counted(lost) == [(1, set()), (None, EVERYTHING)]
    assert lost.lost
    assert not lost.older_needed

    done = resealing.reseal(both.transactions)

    after = resealing.uses(alone.transactions)
    assert counted(after) == [(1, EVERYTHING)]
    assert after.keys[0].values == before.keys[1].values
    assert done == sum(after.keys[0].values.values()) - after.keys[0].values[AUDIT_ENDS]
    assert after.all_open_with_first
    with alone.transactions.writing() as unit:
        connection_settings.described(unit, scene.connection_id, protocol="saml")
        unit.now = scene.world.clock.now()
        assert factors.check(unit, members.by_email(unit, ADA), app_of_ada.code()).verdict is Verdict.RIGHT


def test_second_run_has_nothing_to_do(app_of_ada: Authenticator, both: Program) -> None:
    resealing.reseal(both.transactions)
    kept = texts(both)

    assert resealing.reseal(both.transactions) == 0
    assert texts(both) == kept


def test_more_than_one_batch_is_sealed_anew(
    app_of_ada: Authenticator, both: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "_AT_ONCE", 1)
    with both.transactions.writing() as unit:
        mail = METADATA.tables["outgoing_mail"]
        row = unit.connection.execute(select(mail)).mappings().first()
        assert row is not None
        old = with_old_key(both, "more", "outgoing_mail/more")
        unit.connection.execute(mail.insert().values({**row, "id": "more", "sealed": old}))

    resealing.reseal(both.transactions)

    assert resealing.uses(both.transactions).all_open_with_first


def test_row_that_somebody_is_changing_is_left_to_the_next_run_and_nobody_is_waited_for(
    app_of_ada: Authenticator, both: Program
) -> None:
    if both.transactions.database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with both.transactions.writing() as unit:
        unit.connection.execute(text("UPDATE factors SET last_step = last_step"))
        resealing.reseal(both.transactions)

    (_, old) = resealing.uses(both.transactions).keys
    assert old.values == Counter(factors=1)
    assert resealing.reseal(both.transactions) == 1


def test_value_that_was_moved_or_is_none_is_named_and_left_as_it_is(
    app_of_ada: Authenticator, both: Program, alone: Program
) -> None:
    with both.transactions.writing() as unit:
        moved = with_old_key(both, "secret", "factors/another")
        unit.connection.execute(text("UPDATE factors SET sealed_secret = :moved"), {"moved": moved})
        unit.connection.execute(text("UPDATE sign_outs SET sealed = 'x'"))
    broken = resealing.uses(both.transactions).broken

    resealing.reseal(both.transactions)

    assert [place.partition("/")[0] for place in broken] == ["factors", "sign_outs"]
    after = resealing.uses(both.transactions)
    assert after.broken == broken
    assert not after.older_needed
    assert not after.all_open_with_first
    assert moved in texts(both)


def test_list_of_sealed_columns_is_whole() -> None:
    named = {
        (table.name, column.name)
        for table in METADATA.tables.values()
        for column in table.columns
        if column.name.startswith("sealed") and not column.name.endswith("_at")
    }

    assert {(one.table, one.column.name) for one in SEALED} == named


def test_whatever_seals_does_so_to_a_row_of_a_table_in_the_list() -> None:
    sealers = [path for path in SERVICES.glob("*.py") if ".seal(" in path.read_text("utf-8")]
    places = {path.stem: place_of(path) for path in sealers if path.stem != "resealing"}

    assert set(places.values()) == {f"{one.table}/" for one in SEALED}


def place_of(path: Path) -> str:
    """What the module's `_place` begins with: the function that each of them has."""
    (function,) = (
        node
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == "_place"
    )
    (returned,) = (node.value for node in ast.walk(function) if isinstance(node, ast.Return))
    assert isinstance(returned, ast.JoinedStr)
    assert isinstance(returned.values[0], ast.Constant)
    return str(returned.values[0].value)


def with_old_key(program: Program, plain: str, place: str) -> str:
    with closing(with_keys(program.settings.database_url, SECRET_KEY)) as old:
        return old.transactions.ports.sealing.seal(plain, place=place)


def texts(program: Program) -> list[str]:
    with program.transactions.reading() as unit:
        return [value.text for one in SEALED for value in all_of(unit.session, one)]


def all_of(session: Session, column: SealedColumn) -> list[sealed.SealedValue]:
    return list(sealed.page(session, column, after="", limit=1000))
