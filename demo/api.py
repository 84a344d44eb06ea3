"""The JSON API of Doorward, as the company's own program calls it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import requests

_TIMEOUT_SECONDS = 30


class ApiError(Exception):
    """Doorward has refused a call; `code` is its stable name for the reason."""

    def __init__(self, call: str, status: int, problem: Any) -> None:
        self.code = str(problem.get("code", "")) if isinstance(problem, dict) else ""
        super().__init__(f"{call} was answered {status}: {problem}")


class Api:
    """Calls below /api/v1, with one bearer token."""

    def __init__(self, base_url: str, token: str) -> None:
        self._root = f"{base_url}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: str) -> Any:
        """What stands at a path. Raises ApiError."""
        return self._call("GET", path + (f"?{urlencode(query)}" if query else ""))

    def post(self, path: str, body: dict[str, Any], *, shown: str | None = None) -> Any:
        """Make something; `shown` is the hash of the dry run that this is held to. Raises ApiError."""
        return self._call("POST", path, body, {"If-Match": f'"{shown}"'} if shown else {})

    def post_as_planned(self, path: str, body: dict[str, Any]) -> Any:
        """Ask what a change would do, then make it, held to that. Raises ApiError."""
        plan = self.post(f"{path}?dry_run=true", body)
        return self.post(path, body, shown=plan["hash"])

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        with requests.Session() as session:
            session.trust_env = False  # no proxy stands between this machine and itself
            answer = session.request(
                method,
                self._root + path,
                json=body,
                headers={**self._headers, **(headers or {})},
                timeout=_TIMEOUT_SECONDS,
            )
        if not answer.ok:
            raise ApiError(f"{method} {path}", answer.status_code, answer.json())
        return answer.json() if answer.content else None
