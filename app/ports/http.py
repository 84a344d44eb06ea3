"""HTTP: the only outgoing requests, with size cap, total time, pinned public addresses and no redirects."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import requests
import urllib3.exceptions
from requests_hardened import Config, HTTPSession

from app.ports.addresses import Resolve, is_loopback, may_reach, system_addresses
from app.ports.pinned import Line, PinnedAdapter, Target, read_target

_BYTES = 1_000_000
_SECONDS = 5.0
_ADDRESSES_TRIED = 4
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """`headers` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpFailedError(Exception):
    """No answer was accepted; the message is a sentence an administrator can act on and holds no secret."""


class Http(Protocol):
    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """Fetch `url`. Any status is an answer. Raises HttpFailedError."""
        ...

    def post_form(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """Send `fields` as application/x-www-form-urlencoded. Any status is an answer. Raises HttpFailedError."""
        ...


class GuardedHttp:
    """Requests to the public internet over https and to nothing else.

    Every address of the host is checked and the connection goes to a checked one, so a DNS answer that changes
    afterwards changes nothing. No redirect, proxy, netrc, cookie or kept connection; `seconds` and 1 MB bound the whole
    exchange. `allow_private_addresses` (development only) opens loopback, over http as well. `ca_file` replaces the
    built-in list of certificate authorities.
    """

    # requests-hardened rather than microsoft-antissrf: both pin the address and keep TLS to the name, but it can refuse
    # redirects and has a loopback switch, while antissrf drops the port from Host and brings a policy that freezes. It
    # looks at the first address only and its list lacks a few, so ours comes first and its own is the second lock.

    def __init__(
        self,
        allow_private_addresses: bool,
        *,
        resolve: Resolve = system_addresses,
        seconds: float = _SECONDS,
        ca_file: str | None = None,
    ) -> None:
        self._loopback = allow_private_addresses
        self._resolve = resolve
        self._seconds = seconds
        self._verify: str | bool = ca_file or True

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        return self._send("GET", url, fields=None, headers=headers)

    def post_form(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        return self._send("POST", url, fields=fields, headers=headers)

    def _send(
        self, method: str, url: str, *, fields: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> HttpAnswer:
        target = _target_of(url)
        line = Line(seconds=self._seconds)

        def exchange() -> HttpAnswer:
            pinned = self._checked_addresses(target)
            return self._try_each(pinned, target, line, method=method, fields=fields, headers=headers)

        return _within(self._seconds, line, exchange, host=target.host)

    def _checked_addresses(self, target: Target) -> tuple[str, ...]:
        try:
            addresses = tuple(self._resolve(target.host, target.port))
        except (OSError, UnicodeError) as error:
            raise HttpFailedError(f"The host {target.host} has no address in DNS; check the spelling.") from error
        if not addresses or not all(may_reach(address, loopback=self._loopback) for address in addresses):
            raise HttpFailedError(
                f"The host {target.host} is not on the public internet; use an address that anyone can reach."
            )
        if target.scheme == "http" and not all(is_loopback(address) for address in addresses):
            raise HttpFailedError(f"{target.host} was asked for over http; use its https:// address.")
        return addresses[:_ADDRESSES_TRIED]

    def _try_each(self, addresses: tuple[str, ...], target: Target, line: Line, **request: Any) -> HttpAnswer:
        """The first address that takes the connection serves the request; after it no other is tried."""
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            try:
                return self._exchange(address, target, line, patience=line.remaining() / left, **request)
            except requests.exceptions.SSLError as error:
                raise HttpFailedError(
                    f"The certificate of {target.host} was not accepted; it has to be valid for this name, in date, "
                    "and sent with its intermediate certificates."
                ) from error
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
                if line.opened or left == 1:
                    raise HttpFailedError(
                        f"{target.host} could not be reached or broke off ({type(error).__name__}); "
                        "try again, then check the address and the provider's status page."
                    ) from error
        raise AssertionError("the last address either answers or raises")

    def _exchange(
        self,
        address: str,
        target: Target,
        line: Line,
        *,
        patience: float,
        method: str,
        fields: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> HttpAnswer:
        with HTTPSession(_config(loopback=self._loopback, seconds=patience)) as session:
            session.trust_env = False  # neither proxies nor netrc nor another certificate list from the environment
            session.headers.update({"Accept-Encoding": "identity", "Connection": "close"})
            session.mount(f"{target.scheme}://", PinnedAdapter(target, line, loopback=self._loopback))
            with session.request(
                method, target.url_at(address), data=fields, headers=headers, stream=True, verify=self._verify
            ) as response:
                return HttpAnswer(
                    status=response.status_code,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    body=_read_body(response, host=target.host),
                )


def _target_of(url: str) -> Target:
    try:
        return read_target(url)
    except ValueError as error:
        raise HttpFailedError(f"The URL cannot be used: {error}.") from error


def _config(*, loopback: bool, seconds: float) -> Config:
    return Config(
        ip_filter_enable=True,
        ip_filter_allow_loopback_ips=loopback,
        never_redirect=True,
        default_timeout=(seconds, seconds),
        user_agent_override="Doorward",
    )


def _read_body(response: requests.Response, *, host: str) -> bytes:
    """At most 1 MB as it came over the wire: an encoded body could be a thousand times its size."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HttpFailedError(
            f"{host} compressed its answer although it was asked not to; turn that off for this address."
        )
    body = bytearray()
    while chunk := response.raw.read(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > _BYTES:
            raise HttpFailedError(f"The answer of {host} is larger than 1 MB; check that the address is the right one.")
    return bytes(body)


def _within(seconds: float, line: Line, exchange: Callable[[], HttpAnswer], *, host: str) -> HttpAnswer:
    """Run `exchange` on its own thread, so that neither a slow name server nor a drip of bytes holds the caller."""
    result: concurrent.futures.Future[HttpAnswer] = concurrent.futures.Future()

    def run() -> None:
        try:
            result.set_result(exchange())
        except BaseException as error:  # noqa: BLE001 (it is raised again where the caller waits)
            result.set_exception(error)
        finally:
            line.close()

    threading.Thread(target=run, name="doorward-http", daemon=True).start()
    if not concurrent.futures.wait([result], timeout=seconds).done:
        line.cut()
        raise HttpFailedError(f"{host} took longer than {seconds:g} seconds; try again, then check that it is up.")
    return result.result()
