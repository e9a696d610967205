"""Blob Storage as the agent uses it: blocks that the service checks, one commit.

Over the product's own wire. Raises `TakenError` (the name is somebody's), `GoneError`
(the blocks of a commit are not there), `RefusedError` (storage does not want this one
file), and for all else `StorageError`, or `DeniedError` where it does not let us in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import escape

from shared.errors import ForwardError, MissingError, ReplacedError
from shared.stores.border import ConflictError, DeniedError, LeasedError, StorageError
from shared.stores.wire import Body, Call, Wire

from .blocks import Block

OWN = "edge_id"
"""Metadata by which a blob is known to be ours."""
_GONE = "InvalidBlockList"
_NO_BLOB = re.compile(r": 404 (Blob|Path|Resource)NotFound$")
"""Any other 404 tells nothing of a blob: the container is missing, or a proxy spoke."""
_REFUSED = re.compile(r": 4(?!08|29)\d\d ")
_BLOCK = re.compile(r"<Name>([^<]*)</Name>")


class TakenError(ForwardError):
    """Something else has this name in the container; nothing of ours was written."""


class RefusedError(ForwardError):
    """Storage does not take this one file as it is (400, 413, 431 …)."""


class GoneError(ForwardError):
    """The blocks to commit are not there: they were committed, or have aged out."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A blob as it lies there."""

    size: int
    own_id: str
    """Of the claim that it came from; empty where it is none of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """What makes staged blocks a blob."""

    blob: str
    blocks: Sequence[str]
    md5: str
    """Of the whole file, in base64."""
    media_type: str
    metadata: Mapping[str, str]


class Depot:
    """One container. Thread-safe."""

    def __init__(self, wire: Wire, container: str) -> None:
        self._wire = wire
        self._container = container
        self.name = f"{wire.endpoint.rstrip('/')}/{container}"
        """Which container of all: its address."""

    def stage(self, blob: str, block: str, data: Block) -> None:
        """Send one block; the service compares its MD5 before it takes it."""
        headers = {"Content-MD5": base64.b64encode(data.md5).decode()}
        query = f"?comp=block&blockid={quote(_coded(block), safe='')}"
        self._send("block for storage", "PUT", self._path(blob) + query, headers, data)

    def commit(self, wanted: Commitment) -> None:
        """Make the blocks a blob, all at once; never over another.

        Asked once: TakenError, GoneError and RefusedError are definite; after a
        StorageError nobody knows.
        """
        names = "".join(
            f"<Uncommitted>{escape(_coded(each))}</Uncommitted>"
            for each in wanted.blocks
        )
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{names}</BlockList>'
        headers = {
            "If-None-Match": "*",
            "Content-Type": "application/xml",
            "x-ms-blob-content-md5": wanted.md5,
            "x-ms-blob-content-type": wanted.media_type,
        }
        for name, value in wanted.metadata.items():
            headers[f"x-ms-meta-{name}"] = quote(value, safe=",@")
        what, path = "commit in storage", self._path(wanted.blob) + "?comp=blocklist"
        call = Call("PUT", path, headers, body.encode(), repeats=False)
        with self._crossing():
            self._wire.call(what, call).drain(what)

    def uncommitted(self, blob: str) -> frozenset[str]:
        """Which blocks are staged under a name, and not yet a blob."""
        path = self._path(blob) + "?comp=blocklist&blocklisttype=uncommitted"
        what = "block list of storage"
        with self._crossing():
            try:
                answer = self._wire.call(what, Call("GET", path))
            except MissingError as exc:
                if not _NO_BLOB.search(exc.what):
                    raise
                return frozenset()
        text = b"".join(answer.pieces(what)).decode()
        return frozenset(_decoded(name) for name in _BLOCK.findall(text))

    def find(self, blob: str) -> Stored | None:
        """Look at a blob; None where there is none."""
        what = "look at storage"
        with self._crossing():
            try:
                answer = self._wire.call(what, Call("HEAD", self._path(blob)))
            except MissingError as exc:
                if not _NO_BLOB.search(exc.what):
                    raise
                return None
        headers = answer.drain(what).headers
        size = int(headers.get("Content-Length", "0"))
        return Stored(size, headers.get(f"x-ms-meta-{OWN}", ""))

    def put(self, blob: str, data: bytes, media_type: str, **metadata: str) -> None:
        """Write a small blob whole, over what was there."""
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        headers = {
            "x-ms-blob-type": "BlockBlob",
            "Content-MD5": base64.b64encode(digest).decode(),
            "Content-Type": media_type,
            **{f"x-ms-meta-{name}": value for name, value in metadata.items()},
        }
        self._send("write to storage", "PUT", self._path(blob), headers, data)

    def delete(self, blob: str) -> None:
        """Remove a blob; one that is gone already is fine."""
        what, call = "delete in storage", Call("DELETE", self._path(blob))
        with self._crossing(), suppress(MissingError):
            self._wire.call(what, call).drain(what)

    def _send(
        self, what: str, method: str, path: str, headers: Mapping[str, str], body: Body
    ) -> None:
        with self._crossing():
            call = Call(method, path, headers, body)
            self._wire.call(what, call).drain(what)

    @contextmanager
    def _crossing(self) -> Iterator[None]:
        """Say what an answer means for the file that it was about."""
        try:
            yield
        except MissingError as exc:
            words = f"{exc.what} ({self.name})"
            raise StorageError(words, hint="is there such a container?") from exc
        except (ConflictError, LeasedError, ReplacedError) as exc:
            raise TakenError(exc.what) from exc
        except DeniedError:
            raise
        except StorageError as exc:
            if _GONE in exc.what:
                raise GoneError(exc.what) from exc
            if _REFUSED.search(exc.what):
                raise RefusedError(exc.what) from exc
            raise

    def _path(self, blob: str) -> str:
        return f"/{self._container}/{quote(blob, safe='/~')}"


def _coded(block: str) -> str:
    return base64.b64encode(block.encode()).decode()


def _decoded(name: str) -> str:
    """A block's name; others' are whatever they are."""
    try:
        return base64.b64decode(name).decode("ascii", "replace")
    except binascii.Error:
        return ""
