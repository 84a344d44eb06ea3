"""A request to a directory as the library takes it, read from the WSGI environment: parameters, token, body."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING
from urllib.parse import parse_qsl

from scim2_models import InvalidSyntaxException, PayloadTooLargeException
from scim2_server.requests import ScimRequest
from scim2_server.routing import Target
from werkzeug.wsgi import get_input_stream

from scim.provider import MAX_BODY_BYTES

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_PARAMETERS = (
    "attributes",
    "excludedAttributes",
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "cursor",
)
_CANONICAL = {name.lower(): name for name in _PARAMETERS}
#: Digits of a length that are looked at: far above what is accepted, far below what Python refuses to read.
_MOST_DIGITS = 18


class DirectoryRequest(ScimRequest):
    """A request as the library takes it, read from the WSGI environment when asked for: parameters in any case, HEAD as
    the GET it stands for.
    """

    def __init__(self, environ: WSGIEnvironment, *, base_url: str, path: str) -> None:
        method = environ["REQUEST_METHOD"].upper()
        super().__init__(
            method="GET" if method == "HEAD" else method, base_url=base_url, path=path, query=_query(environ)
        )
        self._environ = environ
        self.writes = self.method != "GET" and not path.rstrip("/").endswith("/.search")
        #: RFC 7643 5: a client that has no token yet may read how to authenticate.
        self.is_public = self.method == "GET" and path.rstrip("/") == "/ServiceProviderConfig"
        #: What it acts on, once that was found out.
        self.target: Target | None = None

    @property
    def bearer_token(self) -> str:
        """The token it came with; empty when there is none."""
        header: str = self._environ.get("HTTP_AUTHORIZATION", "")
        scheme, _, token = header.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def network_address(self) -> str:
        """Where it comes from, as far as proxies are trusted to say."""
        address: str = self._environ.get("REMOTE_ADDR", "")
        return address

    def read_body(self) -> None:
        """Read the body of a request that has one, once it is known that it may come in."""
        if self.method != "GET":
            self.body = _read_body(self._environ)

    def header(self, name: str) -> str | None:
        """The value of a request header."""
        variable = name.upper().replace("-", "_")
        value: str | None = self._environ.get("CONTENT_TYPE" if variable == "CONTENT_TYPE" else f"HTTP_{variable}")
        return value or None


def _query(environ: WSGIEnvironment) -> dict[str, str]:
    """The first value of each parameter, under the name that the standard spells."""
    text = environ.get("QUERY_STRING", "")
    found: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, errors="replace") if text else ():
        found.setdefault(_CANONICAL.get(name.lower(), name), value)
    return found


def _read_body(environ: WSGIEnvironment) -> bytes:
    """The body, read up to one byte more than is accepted."""
    announced = environ.get("CONTENT_LENGTH", "")
    try:
        body: bytes = _read_all(get_input_stream(environ), MAX_BODY_BYTES + 1)
    except Exception as error:  # each server has exceptions of its own for a body that cannot be read
        raise InvalidSyntaxException(detail="The body could not be read to its end.") from error
    if announced.isdecimal() and len(body) < min(int(announced[:_MOST_DIGITS]), MAX_BODY_BYTES):
        raise InvalidSyntaxException(detail="The body is shorter than its Content-Length says.")
    if len(body) > MAX_BODY_BYTES:
        raise PayloadTooLargeException(
            detail=f"The body is larger than {MAX_BODY_BYTES:,} bytes. Send fewer members or operations at a time."
        )
    return body


def _read_all(stream: IO[bytes], most: int) -> bytes:
    """The stream to its end, or as far as is wanted: a read may bring less than was asked for."""
    parts: list[bytes] = []
    while most > 0 and (part := stream.read(most)):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)
