"""The record of SCIM requests: in the push's transaction, filtered, paged, summed up, forgotten, kept apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.rules.actor import OPERATOR
from app.rules.errors import NotFoundError
from app.rules.scim_requests import Outcome, RequestFilter, ScimRequestRecord
from app.services import directory_access, directory_tokens, scim_requests, worker
from app.services.paging import RecordPage
from app.services.worker import Keep
from app.store.scim_requests import SAMPLE
from tests.application import World
from tests.scenes import ADA, found_organization
from tests.services.request_records import record, stored, with_directory, write

USER = "2819c223-7f76-453a-919d-413861904646"


def test_record_comes_back_as_it_was_written(world: World) -> None:
    organization, directory_id = with_directory(world)
    written = record(
        world,
        directory_id,
        token_id="tok_1",
        method="PATCH",
        path=f"/Groups/{USER}",
        status=200,
        resource="Group",
        resource_id=USER,
        changes={"added": 2, "removed": 1},
        detail="Two members are unknown.",
        deviations=("member_as_string",),
        unknown_members=("a", "b"),
        unknown_members_total=2,
        body='{"op":"add"}',
    )

    write(world, written)

    assert stored(world, organization.id, directory_id) == [written]
    with world.transactions.reading() as unit:
        assert scim_requests.read(unit, organization.id, directory_id, written.id) == written


def test_record_of_a_push_that_is_rolled_back_is_not_kept(world: World) -> None:
    organization, directory_id = with_directory(world)

    def fail_after_writing() -> None:
        with world.transactions.writing(OPERATOR) as unit:
            scim_requests.write(unit, record(world, directory_id, method="POST", status=201))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_writing()
    assert stored(world, organization.id, directory_id) == []


def test_text_that_no_database_takes_is_recorded_all_the_same(world: World) -> None:
    organization, directory_id = with_directory(world)

    write(world, record(world, directory_id, path="/Users/a\0b", detail="lone \ud800", body="Łukasz"))

    (kept,) = stored(world, organization.id, directory_id)
    assert (kept.path, kept.detail, kept.body) == ("/Users/a\ufffdb", "lone ?", "Łukasz")


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        (RequestFilter(), ["/plain", "/refused", "/deviating", "/unknown", "/created", "/Users/.search"]),
        (RequestFilter(Outcome.REFUSED), ["/refused"]),
        (RequestFilter(Outcome.DEVIATIONS), ["/deviating"]),
        (RequestFilter(Outcome.UNKNOWN_MEMBERS), ["/unknown"]),
        (RequestFilter(Outcome.WRITES), ["/unknown", "/created"]),
        (RequestFilter(method="POST"), ["/created", "/Users/.search"]),
        (RequestFilter(resource_id=USER), ["/created"]),
        (RequestFilter(Outcome.REFUSED, method="POST"), []),
    ],
)
def test_filters_add_up(world: World, wanted: RequestFilter, paths: list[str]) -> None:
    organization, directory_id = with_directory(world)
    shapes: list[dict[str, Any]] = [
        {"path": "/plain"},
        {"path": "/refused", "status": 400},
        {"path": "/deviating", "deviations": ("manager_empty",)},
        {"path": "/unknown", "method": "PATCH", "unknown_members": ("a",), "unknown_members_total": 1},
        {"path": "/created", "method": "POST", "status": 201, "resource_id": USER},
        {"path": "/Users/.search", "method": "POST"},
    ]
    write(world, *(record(world, directory_id, **shape) for shape in shapes))

    with world.transactions.reading() as unit:
        found = scim_requests.feed(unit, organization.id, directory_id, wanted=wanted, after="", limit=10)

    assert [one.path for one in found] == paths


def test_pages_lead_back_and_forth(world: World) -> None:
    organization, directory_id = with_directory(world)
    records = [record(world, directory_id, at=world.clock.now() + timedelta(seconds=n)) for n in range(5)]
    write(world, *records)
    newest_first = records[::-1]

    def page(*, before: str = "", after: str = "") -> RecordPage[ScimRequestRecord]:
        with world.transactions.reading() as unit:
            return scim_requests.page(unit, organization.id, directory_id, before=before, after=after, limit=2)

    first = page()
    second = page(before=first.older)
    third = page(before=second.older)
    assert [*first.records, *second.records, *third.records] == newest_first
    assert (first.newer, third.older) == ("", "")
    assert page(after=third.newer).records == second.records
    back = page(after=second.newer)
    assert (back.records, back.newer) == (first.records, "")


def test_progress_counts_what_is_there_how_fast_it_came_and_what_was_refused(world: World) -> None:
    organization = found_organization(world)
    organization.verify_domain()
    directory_id, scim = organization.add_directory()
    scim.add_group("Staff", scim.add_user(ADA))
    now = world.clock.now()
    created = {"method": "POST", "status": 201}
    write(
        world,
        record(world, directory_id, at=now - timedelta(hours=2), status=500),
        record(world, directory_id, at=now - timedelta(minutes=30), status=409, method="POST"),
        record(world, directory_id, at=now - timedelta(minutes=20), **created),
        *(record(world, directory_id, at=now - timedelta(minutes=2), **created) for _ in range(20)),
        *(record(world, directory_id, at=now, resource="Group", **created) for _ in range(4)),
        record(world, directory_id, at=now + timedelta(seconds=1)),
    )

    with world.transactions.reading() as unit:
        progress = scim_requests.progress(unit, organization.id, directory_id)

    assert (progress.users, progress.groups) == (1, 1)
    assert (progress.users_per_minute, progress.groups_per_minute, progress.errors) == (10, 2, 1)
    assert (progress.first_request_at, progress.last_request_at) == (now, now + timedelta(seconds=1))


def test_progress_of_a_storm_looks_at_the_newest_requests_only(world: World) -> None:
    organization, directory_id = with_directory(world)
    at = world.clock.now() - timedelta(seconds=30)
    write(world, *(record(world, directory_id, at=at, method="POST", status=201) for _ in range(SAMPLE + 1)))

    with world.transactions.reading() as unit:
        progress = scim_requests.progress(unit, organization.id, directory_id)

    assert progress.users_per_minute == 2 * SAMPLE


def test_progress_of_a_directory_nobody_pushed_to_is_empty(world: World) -> None:
    organization, directory_id = with_directory(world)

    with world.transactions.reading() as unit:
        progress = scim_requests.progress(unit, organization.id, directory_id)

    assert progress == scim_requests.Progress(0, 0, 0, 0, 0, None, None)


def test_worker_forgets_what_is_past_its_days_and_keeps_the_rest(world: World) -> None:
    organization, directory_id = with_directory(world)
    now = world.clock.now()
    write(world, *(record(world, directory_id, at=now - timedelta(days=8)) for _ in range(1_001)))
    kept = record(world, directory_id, at=now - timedelta(days=6))
    write(world, kept)
    world.clock.advance(hours=2)

    keep = Keep(scim_requests=timedelta(days=7), sign_ins=timedelta(days=7))
    worker.run_due(world.transactions, worker.periodic(keep, world.program.read_metadata, world.program.kinds))

    assert stored(world, organization.id, directory_id) == [kept]


def test_nothing_of_another_organization_is_read(world: World) -> None:
    _, directory_id = with_directory(world)
    one = record(world, directory_id)
    write(world, one)
    eve = found_organization(world, "eve@evil.test", "Evil")

    with world.transactions.reading() as unit:
        with pytest.raises(NotFoundError):
            scim_requests.page(unit, eve.id, directory_id, limit=10)
        with pytest.raises(NotFoundError):
            scim_requests.feed(unit, eve.id, directory_id, after="", limit=10)
        with pytest.raises(NotFoundError):
            scim_requests.read(unit, eve.id, directory_id, one.id)
        with pytest.raises(NotFoundError):
            scim_requests.progress(unit, eve.id, directory_id)


def test_record_of_another_directory_is_not_found(world: World) -> None:
    organization, directory_id = with_directory(world)
    second, _ = organization.add_directory()
    one = record(world, directory_id)
    write(world, one)

    with world.transactions.reading() as unit, pytest.raises(NotFoundError):
        scim_requests.read(unit, organization.id, second, one.id)


def test_use_of_a_revoked_token_is_noted_at_most_once_a_minute(world: World) -> None:
    organization = found_organization(world)
    organization.verify_domain()
    directory_id, scim = organization.add_directory()
    key = scim.base_url.rpartition("/scim/")[2].partition("/")[0]
    with world.transactions.writing(OPERATOR) as unit:
        token = directory_tokens.all_of(unit, organization.id, directory_id)[0]
        directory_tokens.revoke(unit, organization.id, directory_id, token.id)

    def use() -> tuple[str | None, bool]:
        with world.transactions.looking() as connection, pytest.raises(directory_access.TokenRefusedError) as refused:
            directory_access.admit(connection, world.transactions.ports, key=key, token=scim.token)
        assert refused.value.directory.id == directory_id
        if refused.value.wants_note and refused.value.token_id is not None:
            with world.transactions.writing() as unit:
                directory_access.note_refused_token(unit, refused.value.token_id)
        return refused.value.token_id, refused.value.wants_note

    first = world.clock.now()
    assert use() == (token.id, True)
    world.clock.advance(seconds=59)
    assert use() == (token.id, False)
    assert refused_at(world, organization.id, directory_id) == first
    world.clock.advance(seconds=1)
    assert use() == (token.id, True)
    assert refused_at(world, organization.id, directory_id) == world.clock.now()


def test_token_that_is_unknown_or_works_is_not_noted(world: World) -> None:
    organization = found_organization(world)
    organization.verify_domain()
    directory_id, scim = organization.add_directory()
    key = scim.base_url.rpartition("/scim/")[2].partition("/")[0]

    with world.transactions.looking() as connection:
        ports = world.transactions.ports
        assert directory_access.admit(connection, ports, key=key, token=scim.token).directory.id == directory_id
        with pytest.raises(directory_access.TokenRefusedError) as refused:
            directory_access.admit(connection, ports, key=key, token="scim_unknown")
        assert (refused.value.token_id, refused.value.wants_note) == (None, False)
        for nowhere in ("nowhere", "../"):
            with pytest.raises(NotFoundError):
                directory_access.admit(connection, ports, key=nowhere, token=scim.token)

    assert refused_at(world, organization.id, directory_id) is None


def refused_at(world: World, organization_id: str, directory_id: str) -> object:
    with world.transactions.reading() as unit:
        return directory_tokens.all_of(unit, organization_id, directory_id)[0].refused_at
