"""Migrations of the schema carry over what a database holds, and end where the models say, on both databases."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.rules.audit_chain import canonical
from app.rules.directories import ResourceKind
from app.rules.errors import ConflictError
from app.store import audit, audit_triggers, mirror, schema
from app.store.mirror_tables import Selection, value_digest

_ROWS = """
INSERT INTO organizations (id, name, guests, jit, default_role, created_at)
VALUES ('org', 'Acme', 'refuse', true, 'member', '2026-11-24 00:00:00');
INSERT INTO directories (id, organization_id, key, name, provider, state, created_at)
VALUES ('dir', 'org', 'k', 'Acme', 'okta', 'draft', '2026-11-24 00:00:00');
INSERT INTO directory_users
(id, directory_id, user_name_key, active, name, document, version, created_at, modified_at)
VALUES ('user', 'dir', 'ada', true, 'Ada', '{}', 1, '2026-11-24 00:00:00', '2026-11-24 00:00:00');
INSERT INTO directory_groups (id, directory_id, display_name, display_key, document, version, created_at, modified_at)
VALUES ('group', 'dir', 'A', 'a', '{}', 1, '2026-11-24 00:00:00', '2026-11-24 00:00:00');
INSERT INTO directory_memberships (group_id, user_id) VALUES ('group', 'user');
INSERT INTO directory_user_values (user_id, path, entry, lead, digest, key)
VALUES ('user', 'nickName', 0, true, DIGEST, 'engineer'), ('user', 'emails.type', 0, true, 1, 'work')
"""


def test_values_of_the_first_schema_are_found_after_the_second(engine: Engine) -> None:
    digest = value_digest("dir", "nickName", "engineer")
    with engine.execution_options(doorward_writes=True).begin() as connection:
        command.upgrade(schema._config(connection), "0001")
        for statement in _ROWS.replace("DIGEST", str(digest)).split(";"):
            connection.exec_driver_sql(statement)

    schema.upgrade(engine)

    with engine.connect() as connection:
        keys = connection.scalar(text("SELECT search_keys FROM directory_users"))
        assert "nickName" in str(keys)
        assert "engineer" in str(keys)
        assert connection.execute(text("SELECT digest, user_id FROM directory_user_digests")).all() == [
            (digest, "user")
        ]
        assert connection.execute(text("SELECT user_count, group_count FROM directories")).all() == [(1, 1)]
        assert mirror.count(connection, "dir", [Selection(ResourceKind.USER)]) == 1
        (user,) = mirror.plain_page(connection, "dir", ResourceKind.USER, offset=0, limit=5, with_groups=True)
        assert user.references is not None
        assert [group.id for group in user.references] == ["group"]


_TOLD = """
INSERT INTO organizations (id, name, guests, jit, default_role, created_at)
VALUES ('acme', 'Acme', 'refuse', true, 'member', '2026-11-24 00:00:00'),
('other', 'Other', 'refuse', true, 'member', '2026-11-24 00:00:00');
INSERT INTO events (id, organization_id, at, type, subject, data)
VALUES ('evt_3', 'acme', '2026-11-24 00:00:00', 'member.signed_in', 'mem', '{}'),
('evt_1', 'acme', '2026-11-24 00:00:00', 'member.signed_in', 'mem', '{}'),
('evt_2', 'other', '2026-11-24 00:00:00', 'member.signed_in', 'mem', '{}')
"""


def test_events_told_before_have_the_positions_in_which_their_readers_saw_them(engine: Engine) -> None:
    with engine.execution_options(doorward_writes=True).begin() as connection:
        command.upgrade(schema._config(connection), "0003")
        for statement in _TOLD.split(";"):
            connection.exec_driver_sql(statement)

    schema.upgrade(engine)

    with engine.connect() as connection:
        told = connection.execute(text("SELECT organization_id, position, id FROM events ORDER BY 1, 2")).all()
    assert told == [("acme", 1, "evt_1"), ("acme", 2, "evt_3"), ("other", 1, "evt_2")]


def test_events_outlive_going_back_to_the_schema_without_positions(engine: Engine) -> None:
    with engine.execution_options(doorward_writes=True).begin() as connection:
        command.upgrade(schema._config(connection), "0005")
        for statement in _TOLD.split(";"):
            connection.exec_driver_sql(statement)
        command.downgrade(schema._config(connection), "0004")

    schema.upgrade(engine)

    with engine.connect() as connection:
        told = connection.execute(text("SELECT id, position FROM events ORDER BY number")).all()
    assert told == [("evt_1", 1), ("evt_2", 1), ("evt_3", 2)]


_UNDER_WAY = """
INSERT INTO sign_in_flows (id, browser_digest, purpose, step, email, attempts, created_at, expires_at)
VALUES ('flow', 'digest', 'sign_in', 'code', 'ada@acme.test', 0, '2026-11-24 00:00:00', '2026-11-24 00:10:00')
"""


def test_sign_in_under_way_outlives_the_place_to_return_to_on_the_way_there_and_back(engine: Engine) -> None:
    with engine.execution_options(doorward_writes=True).begin() as connection:
        command.upgrade(schema._config(connection), "0006")
        connection.exec_driver_sql(_UNDER_WAY)
        command.upgrade(schema._config(connection), "0007")
        connection.exec_driver_sql("UPDATE sign_in_flows SET return_to = '/reports'")
        command.downgrade(schema._config(connection), "0006")

    schema.upgrade(engine)

    with engine.connect() as connection:
        assert connection.execute(text("SELECT id, email, return_to FROM sign_in_flows")).all() == [
            ("flow", "ada@acme.test", None)
        ]


_REVISION = """
INSERT INTO organizations (id, name, guests, jit, default_role, created_at)
VALUES ('org', 'Acme', 'refuse', true, 'member', '2026-11-24 00:00:00');
INSERT INTO connections (id, organization_id, protocol, name, state, latest_revision, created_at)
VALUES ('conn', 'org', 'saml', 'Okta', 'validating', 'rev', '2026-11-24 00:00:00');
INSERT INTO connection_revisions (id, connection_id, settings, sealed_secrets, created_at)
VALUES ('rev', 'conn', '{}', 'sealed', '2026-11-24 00:00:00')
"""


def test_settings_and_sign_ins_outlive_setup_links_on_the_way_there_and_back(engine: Engine) -> None:
    with engine.execution_options(doorward_writes=True).begin() as connection:
        command.upgrade(schema._config(connection), "0010")
        for statement in (*_REVISION.split(";"), _UNDER_WAY):
            connection.exec_driver_sql(statement)
        command.upgrade(schema._config(connection), "0011")
        connection.exec_driver_sql("UPDATE connection_revisions SET setup_link_id = 'link'")
        command.downgrade(schema._config(connection), "0010")

    schema.upgrade(engine)

    with engine.connect() as connection:
        kept = connection.execute(text("SELECT id, sealed_secrets, setup_link_id FROM connection_revisions")).all()
        assert kept == [("rev", "sealed", None)]
        assert connection.execute(text("SELECT id, setup_link_id FROM sign_in_flows")).all() == [("flow", None)]


_OPEN = """
INSERT INTO members (id, organization_id, email, name, state, suspended, granted_role, granted_origin, role,
role_source, held, sign_in_groups_state, sign_in_groups, created_at)
VALUES ('mem', 'org', 'ada@acme.test', 'Ada', 'active', false, 'admin', 'member', 'admin', 'granted', false,
'unknown', '[]', '2026-11-24 00:00:00');
INSERT INTO sessions (id, digest, organization_id, member_id, kind, opened_by, connection_id, created_at, seen_at,
idle_ends_at, expires_at)
VALUES ('ses', 'digest', 'org', 'mem', 'full', 'single_sign_on', 'conn', '2026-11-24 00:00:00', '2026-11-24 00:00:00',
'2026-11-25 00:00:00', '2026-12-01 00:00:00')
"""
_KEPT = """
INSERT INTO provider_sessions (session_id, connection_id, subject, sealed) VALUES ('ses', 'conn', 'u-1', 'sealed');
INSERT INTO sign_outs (handle, browser_digest, connection_id, request_id, expires_at)
VALUES ('h', 'd', 'conn', '_r', '2026-11-24 00:10:00')
"""


def test_sessions_outlive_what_is_kept_of_their_provider_on_the_way_there_and_back(engine: Engine) -> None:
    with engine.execution_options(doorward_writes=True).begin() as connection:
        command.upgrade(schema._config(connection), "0017")
        for statement in (*_REVISION.split(";"), *_OPEN.split(";")):
            connection.exec_driver_sql(statement)
        command.upgrade(schema._config(connection), "0018")
        for statement in _KEPT.split(";"):
            connection.exec_driver_sql(statement)
        command.downgrade(schema._config(connection), "0017")

    schema.upgrade(engine)

    with engine.connect() as connection:
        assert connection.execute(text("SELECT id, ended_at FROM sessions")).all() == [("ses", None)]
        assert connection.execute(text("SELECT count(*) FROM provider_sessions")).scalar() == 0


_CONNECTED = """
INSERT INTO organizations (id, name, guests, jit, default_role, created_at)
VALUES ('org', 'Acme', 'refuse', true, 'member', '2026-11-24 00:00:00');
INSERT INTO connections
(id, organization_id, protocol, name, state, created_at, activated_at, revision_in_force, latest_revision)
VALUES ('on', 'org', 'saml', 'Okta', 'active', '2026-11-24 00:00:00', '2026-11-25 00:00:00', 'rev_2', 'rev_3'),
('off', 'org', 'saml', 'Entra', 'inactive', '2026-11-24 00:00:00', '2026-11-24 01:00:00', NULL, 'rev_4');
INSERT INTO connection_revisions (id, connection_id, settings, sealed_secrets, created_at)
VALUES ('rev_3', 'on', '{}', '', '2026-11-26 00:00:00'), ('rev_1', 'on', '{}', '', '2026-11-24 00:00:00'),
('rev_2', 'on', '{}', '', '2026-11-25 00:00:00'), ('rev_4', 'off', '{}', '', '2026-11-24 00:00:00')
"""


def test_revisions_made_before_are_numbered_and_the_one_in_force_is_so_since_it_was_activated(engine: Engine) -> None:
    with engine.execution_options(doorward_writes=True).begin() as connection:
        command.upgrade(schema._config(connection), "0010")
        for statement in _CONNECTED.split(";"):
            connection.exec_driver_sql(statement)
        command.upgrade(schema._config(connection), "0014")
        command.downgrade(schema._config(connection), "0010")

    schema.upgrade(engine)

    with engine.connect() as connection:
        numbers = connection.execute(text("SELECT id, number FROM connection_revisions ORDER BY id")).all()
        terms = connection.execute(text("SELECT connection_id, place, revision_id, since FROM revision_terms")).all()
    assert numbers == [("rev_1", 1), ("rev_2", 2), ("rev_3", 3), ("rev_4", 1)]
    assert [(*term[:3], str(term[3])[:10]) for term in terms] == [("on", 1, "rev_2", "2026-11-25")]


_ATTEMPTS = """
INSERT INTO organizations (id, name, guests, jit, default_role, created_at)
VALUES ('org', 'Acme', 'refuse', true, 'member', '2026-11-24 00:00:00');
INSERT INTO sign_in_records (id, organization_id, at, purpose, outcome, detail)
VALUES
('si_1', 'org', '2026-11-24 00:00:00', 'sign_in', 'rejected', '{"email": "ada@acme.test", "received": "\\ud800"}'),
('si_2', 'org', '2026-11-24 00:00:00', 'test', 'test_failed', '{}')
"""


def test_attempts_made_before_are_found_by_their_address(engine: Engine) -> None:
    with engine.execution_options(doorward_writes=True).begin() as connection:
        command.upgrade(schema._config(connection), "0012")
        for statement in _ATTEMPTS.split(";"):
            connection.exec_driver_sql(statement)
        command.upgrade(schema._config(connection), "0015")
        command.downgrade(schema._config(connection), "0012")

    schema.upgrade(engine)

    with engine.connect() as connection:
        found = connection.execute(text("SELECT id, email FROM sign_in_records ORDER BY id")).all()
        assert found == [("si_1", "ada@acme.test"), ("si_2", "")]


_FOLLOWING = """
INSERT INTO connection_revisions (id, connection_id, settings, sealed_secrets, created_at)
VALUES ('rev_5', 'on', '{"idp": {"metadata_url": "https://idp.test/m"}}', '', '2026-11-26 00:00:00'),
('rev_6', 'on', '{"idp": {"metadata_url": "https://idp.test/m"}}', '', '2026-11-26 00:00:00');
UPDATE connections SET revision_in_force = 'rev_5' WHERE id = 'on'
"""


def test_metadata_of_what_is_in_force_is_followed_from_the_first_round_on(engine: Engine) -> None:
    with engine.execution_options(doorward_writes=True).begin() as connection:
        command.upgrade(schema._config(connection), "0015")
        for statement in (*_CONNECTED.split(";"), *_FOLLOWING.split(";")):
            connection.exec_driver_sql(statement)
        command.upgrade(schema._config(connection), "0017")
        command.downgrade(schema._config(connection), "0015")

    schema.upgrade(engine)

    with engine.connect() as connection:
        followed = connection.execute(
            text("SELECT revision_id, connection_id, next_read_at IS NOT NULL, certificates FROM followed_metadata")
        ).all()
    assert [tuple(map(str, row)) for row in followed] == [("rev_5", "on", str(followed[0][2]), "[]")]
    assert followed[0][2]


_AUDITED = """
INSERT INTO organizations (id, name, guests, jit, default_role, created_at, mfa, session_idle_minutes, session_hours)
VALUES ('org', 'Acme', 'refuse', true, 'member', '2026-11-24 00:00:00', 'optional', 1440, 168);
INSERT INTO audit_entries
(id, organization_id, at, actor_kind, actor_label, action, outcome, before, after, proof)
VALUES ('aud', 'org', '2026-11-24 00:00:00', 'operator', 'operator', 'role.updated', 'done', '{}', '{"a": 1}', '{}')
"""


def test_entries_of_before_have_no_address_read_as_they_were_sealed_and_stay_kept(engine: Engine) -> None:
    with engine.execution_options(doorward_writes=True).begin() as connection:
        command.upgrade(schema._config(connection), "0019")
        for statement in _AUDITED.split(";"):
            connection.exec_driver_sql(statement)

    schema.upgrade(engine)

    with Session(engine) as session:
        entry = audit.read_all(session, "org", ["aud"])["aud"]
        assert audit_triggers.missing(session.connection()) == []
    assert entry is not None
    assert entry.network_address is None
    assert canonical(entry) == (
        '{"action":"role.updated","actor_id":null,"actor_kind":"operator","actor_label":"operator","after":{"a":1},'
        '"at":"2026-11-24T00:00:00.000000+00:00","before":{},"id":"aud","organization_id":"org","outcome":"done",'
        '"proof":{},"reason":null,"subject":null}'
    )


def test_the_newest_schema_is_what_the_models_say(engine: Engine) -> None:
    schema.upgrade(engine)
    assert schema.is_current(engine)
    assert schema.differences(engine) == []


def test_database_of_a_newer_version_is_left_as_it_is(engine: Engine) -> None:
    schema.upgrade(engine)
    with engine.execution_options(doorward_writes=True).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(ConflictError, match="newer version of Doorward"):
        schema.upgrade(engine)

    assert not schema.is_current(engine)
