"""Sixteen writers at once: of one userName, and of one group name, exactly one is created."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.scim.application import GROUP, USER, Pushing

WRITERS = 16


def test_one_user_name_created_sixteen_times_at_once_exists_once(generic: Pushing) -> None:
    barrier = Barrier(WRITERS)

    def create(number: int) -> int:
        name = "ada@acme.example" if number % 2 else "ADA@acme.example"
        barrier.wait()
        return generic.post("/Users", {"schemas": [USER], "userName": name}).status_code

    with ThreadPoolExecutor(WRITERS) as pool:
        statuses = Counter(pool.map(create, range(WRITERS)))
    assert statuses == {201: 1, 409: WRITERS - 1}
    assert generic.get("/Users").json["totalResults"] == 1


def test_one_group_name_created_sixteen_times_at_once_exists_once(generic: Pushing) -> None:
    barrier = Barrier(WRITERS)

    def create(_number: int) -> int:
        barrier.wait()
        return generic.post("/Groups", {"schemas": [GROUP], "displayName": "Admins"}).status_code

    with ThreadPoolExecutor(WRITERS) as pool:
        assert Counter(pool.map(create, range(WRITERS))) == {201: 1, 409: WRITERS - 1}
