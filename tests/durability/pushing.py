"""An identity provider pushing users from a process of its own, and not giving up when the server goes away.

`python -m tests.durability.pushing URL TOKEN USERS CONNECTIONS` prints a line as soon as a user is acknowledged:
`created` for the 2xx of its POST, `again` when an answer was lost before that, `found` when an answer was lost and a
look-up then shows the user.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from tests.durability import tied

HOST = "acme.test"
_SECONDS = 90.0


def address(number: int) -> str:
    """The userName and address of a pushed user."""
    return f"user{number:05d}@{HOST}"


def body(number: int) -> dict[str, Any]:
    """What is pushed for a user."""
    email = address(number)
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": email,
        "externalId": f"external-{number:05d}",
        "name": {"givenName": "User", "familyName": f"Number {number}"},
        "displayName": f"User Number {number}",
        "emails": [{"value": email, "type": "work", "primary": True}],
        "active": True,
    }


class Push:
    """The pushing process, seen from the one that started it."""

    def __init__(self, process: subprocess.Popen[bytes], errors: Path) -> None:
        self._process = process
        self._errors = errors
        self._news = threading.Condition()
        self._acknowledged: dict[str, str] = {}
        #: Requests that were cut off before their answer, and how many of those had been carried out all the same.
        self.cut_off = 0
        self.carried_out = 0
        self.ended = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def acknowledged(self) -> dict[str, str]:
        """userName -> id of every user acknowledged so far."""
        with self._news:
            return dict(self._acknowledged)

    def wait_for(self, count: int) -> None:
        """Return when this many users are acknowledged. Raises when the process ends before."""
        with self._news:
            done = self._news.wait_for(lambda: len(self._acknowledged) >= count or self.ended.is_set(), _SECONDS)
        if not done or len(self.acknowledged) < count:
            raise RuntimeError(f"{len(self.acknowledged)} of {count} users were acknowledged.{self._said()}")

    def finish(self) -> dict[str, str]:
        """Wait for the end of the push; what was acknowledged."""
        if self._process.wait(_SECONDS) != 0:
            raise RuntimeError(f"the push failed.{self._said()}")
        self._reader.join(_SECONDS)
        return self.acknowledged

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            how, user_name, resource_id = line.decode().split()
            with self._news:
                self._acknowledged[user_name] = resource_id
                self.cut_off += how != "created"
                self.carried_out += how == "found"
                self._news.notify_all()
        self.ended.set()
        with self._news:
            self._news.notify_all()

    def _said(self) -> str:
        return f"\n{self._errors.read_text('utf-8', 'replace')[-4000:]}"


@contextmanager
def pushing(base_url: str, token: str, *, users: int, errors: Path, connections: int = 4) -> Iterator[Push]:
    """Start a push, hand it out, and leave no process behind."""
    arguments = ["tests.durability.pushing", base_url, token, str(users), str(connections)]
    with errors.open("ab") as sink:
        process = tied.start(arguments, output=subprocess.PIPE, errors=sink, environment=os.environ)
    with process:
        try:
            yield Push(process, errors)
        finally:
            process.kill()


@dataclass
class Client:
    """One connection of the provider. A request whose answer does not come raises OSError or HTTPException."""

    base_url: str
    token: str
    _connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(self.base_url).netloc, timeout=30)

    def request(self, method: str, path: str, content: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """One exchange: status and body."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"}
        data = None if content is None else json.dumps(content).encode()
        try:
            self._connection.request(method, urlsplit(self.base_url).path + path, data, headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        except BaseException:
            self.close()  # the next request opens another
            raise

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def find(self, user_name: str) -> str | None:
        """The id of the user with this userName."""
        status, found = self.request("GET", "/Users?filter=" + quote(f'userName eq "{user_name}"'))
        if status != http.client.OK:
            raise RuntimeError(f"look-up answered {status}: {found}")
        return str(found["Resources"][0]["id"]) if found["totalResults"] else None


def push_user(client: Client, number: int, *, deadline: float) -> tuple[str, str]:
    """Push one user until it is acknowledged: how, and its id. As providers do, look before trying once more."""
    lost = False
    while time.monotonic() < deadline:
        try:
            found = client.find(address(number)) if lost else None
            if found is not None:
                return "found", found
            status, answer = client.request("POST", "/Users", body(number))
        except (OSError, http.client.HTTPException):
            lost = True
            time.sleep(0.01)  # the server is away; do not burn the processor it needs to come back
            continue
        if status == http.client.CREATED:
            return "again" if lost else "created", str(answer["id"])
        if status != http.client.CONFLICT or not lost:
            raise RuntimeError(f"{address(number)} was answered {status}: {answer}")
    raise TimeoutError(f"{address(number)} was not acknowledged")


def end_push(failure: threading.ExceptHookArgs) -> None:
    """A thread that fails takes the whole push with it, so that nobody waits for the rest."""
    traceback.print_exception(failure.exc_type, failure.exc_value, failure.exc_traceback)
    sys.stderr.flush()
    os._exit(1)


def main() -> None:
    """Push every user over a few connections at once."""
    base_url, token, users, connections = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    numbers = iter(range(users))
    turn = threading.Lock()
    deadline = time.monotonic() + _SECONDS

    def work() -> None:
        client = Client(base_url, token)
        while True:
            with turn:
                number = next(numbers, None)
            if number is None:
                return
            how, resource_id = push_user(client, number, deadline=deadline)
            with turn:
                sys.stdout.write(f"{how} {address(number)} {resource_id}\n")
                sys.stdout.flush()

    threading.excepthook = end_push
    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
