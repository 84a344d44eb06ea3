"""Files that are made while they are sent, so that their size does not matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Response


@dataclass(frozen=True, slots=True)
class Download:
    """A file to save, in pieces; each is made when the one before is on its way."""

    media_type: str
    filename: str
    pieces: Iterator[str]


def send(download: Download) -> Response:
    """The file as an answer. Nothing of a request is open while it is sent."""
    response = Response(download.pieces, mimetype=download.media_type)
    response.headers.set("Content-Disposition", "attachment", filename=download.filename)
    return response
