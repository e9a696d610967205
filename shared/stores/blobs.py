"""The scans themselves: read once in ranges, copied and deleted under their ETag.

Every method raises `MissingError` (404), `ReplacedError` (412), `LeasedError`,
`ConflictError` or `StorageError`.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from shared.errors import MissingError, ReplacedError
from shared.model import Blob, Place

from .wire import Answer, Call, Wire

if TYPE_CHECKING:
    from .sdk import Sdk

HEAD_BYTES = 1 << 20
"""What the first read brings along: a scan of up to 1 MiB is read in one request."""
RANGE_BYTES = 4 << 20
"""What every further read brings; one more for each 4 MB."""
_METADATA = "x-ms-meta-"
_EMPTY = 416
_TOTAL = re.compile(r"bytes \d+-\d+/(\d+)")
_SYNTHETIC_FOLDER = "hdi_isfolder"


@dataclass(frozen=True, slots=True)
class Opened:
    """A blob whose first bytes are at hand."""

    blob: Blob
    head: bytes
    """Up to `HEAD_BYTES`: all of it where the blob is no larger."""

    @property
    def is_all(self) -> bool:
        """Whether the head is the whole file."""
        return len(self.head) == self.blob.size


@dataclass(frozen=True, slots=True)
class Listed:
    """A blob as a listing shows it."""

    place: Place
    size: int
    modified: datetime
    metadata: Mapping[str, str]
    is_copying: bool


class Blobs:
    """The containers of one storage account. Thread-safe."""

    def __init__(self, wire: Wire, sdk: Callable[[], Sdk]) -> None:
        self._wire = wire
        self._sdk = sdk

    @property
    def account(self) -> str:
        """The account's name as scan ids use it (docs/ledger.md)."""
        parts = urlsplit(self._wire.endpoint)
        host = parts.hostname or ""
        if host == "localhost" or re.fullmatch(r"[\d.]+|.*:.*", host):
            return parts.path.strip("/").split("/")[0]
        return host.split(".")[0]

    def open(self, container: str, name: str, etag: str | None = None) -> Opened:
        """Read properties, metadata and the first MiB in one request."""
        return self._open(container, name, {"If-Match": f'"{etag}"'} if etag else {})

    def open_changed(self, container: str, name: str, etag: str) -> Opened:
        """As `open`, unless it still has this ETag: NotModifiedError, then."""
        return self._open(container, name, {"If-None-Match": f'"{etag}"'})

    def _open(self, container: str, name: str, conditions: Mapping[str, str]) -> Opened:
        answer = self._get(container, name, (0, HEAD_BYTES), conditions)
        what = f"read of {container}"
        if answer.status == _EMPTY:
            answer.drain(what)
            return Opened(self.look(container, name), b"")
        head = b"".join(answer.pieces(what))
        return Opened(_described(container, name, answer.headers), head)

    def read(self, place: Place, offset: int, length: int) -> Iterator[bytes]:
        """Stream one range, in pieces of 64 KiB, if the ETag still is the same."""
        same = {"If-Match": f'"{place.etag}"'}
        answer = self._get(place.container, place.name, (offset, length), same)
        what = f"read of {place.container}"
        if answer.status == _EMPTY:
            answer.drain(what)
        else:
            yield from answer.pieces(what)

    def exists(self, container: str) -> None:
        """Ask for a container. Raises MissingError where there is none."""
        sdk = self._sdk()
        with sdk.crossing(f"look at container {container}"):
            sdk.blobs.get_container_client(container).get_container_properties()

    def look(self, container: str, name: str) -> Blob:
        """Ask for properties and metadata alone."""
        what, call = f"look at {container}", Call("HEAD", _path(container, name))
        answer = self._wire.call(what, call).drain(what)
        return _described(container, name, answer.headers)

    def find(self, container: str, name: str) -> Blob | None:
        """As `look`; None where there is no such blob."""
        try:
            return self.look(container, name)
        except MissingError:
            return None

    def copy(self, place: Place, container: str, name: str) -> Place | None:
        """Copy on the service's side, metadata too, if the source is still the same.

        Returns the new place, or None while the copy is still under way. Never writes
        over anything: ConflictError where the target is there already.
        """
        sdk = self._sdk()
        source = sdk.blobs.get_blob_client(place.container, place.name)
        target = sdk.blobs.get_blob_client(container, name)
        with sdk.crossing(f"copy to {container}"):
            done = target.start_copy_from_url(
                source.url,
                source_etag=place.etag,
                source_match_condition=sdk.UNCHANGED,
                match_condition=sdk.ABSENT,
            )
        if done["copy_status"] != "success":
            return None
        return Place(container, name, _bare(str(done["etag"])))

    def delete(self, place: Place) -> None:
        """Remove the blob if its ETag still is the same; a missing one is removed.

        Snapshots that somebody took of it go with it: else the service keeps it.
        """
        same = {"If-Match": f'"{place.etag}"', "x-ms-delete-snapshots": "include"}
        what = f"delete in {place.container}"
        call = Call("DELETE", _path(place.container, place.name), same)
        with suppress(MissingError):
            try:
                self._wire.call(what, call).drain(what)
            except ReplacedError:
                # Some services look at the condition before they look for the blob.
                self.look(place.container, place.name)
                raise

    def put(self, container: str, name: str, data: bytes, tag: str = "") -> None:
        """Write a small blob whole; `tag` is kept as its metadata `source`."""
        sdk = self._sdk()
        client = sdk.blobs.get_blob_client(container, name)
        with sdk.crossing(f"write to {container}"):
            client.upload_blob(data, overwrite=True, metadata={"source": tag})

    def list(self, container: str) -> Iterator[Listed]:
        """List a container, metadata included; directories are left out."""
        sdk = self._sdk()
        with sdk.crossing(f"list of {container}"):
            client = sdk.blobs.get_container_client(container)
            for each in client.list_blobs(include=["metadata", "copy"]):
                metadata = _lowered(each.metadata or {})
                if _SYNTHETIC_FOLDER not in metadata:
                    copying = (each.copy.status or "") == "pending"
                    place = Place(container, each.name, _bare(each.etag))
                    modified = each.last_modified
                    yield Listed(place, each.size, modified, metadata, copying)

    def _get(
        self,
        container: str,
        name: str,
        span: tuple[int, int],
        conditions: Mapping[str, str],
    ) -> Answer:
        """Ask for a range, offset and length."""
        asked = f"bytes={span[0]}-{span[0] + span[1] - 1}"
        headers = {"x-ms-range": asked, **conditions}
        call = Call("GET", _path(container, name), headers)
        return self._wire.call(f"read of {container}", call)


def _path(container: str, name: str) -> str:
    return f"/{container}/{quote(name, safe='/~')}"


def _described(container: str, name: str, headers: Message) -> Blob:
    span = _TOTAL.match(headers.get("Content-Range", ""))
    size = int(span[1]) if span else int(headers.get("Content-Length", "0"))
    modified = email.utils.parsedate_to_datetime(headers["Last-Modified"])
    return Blob(
        place=Place(container, name, _bare(headers["ETag"])),
        size=size,
        modified=modified.astimezone(UTC),
        metadata={
            key[len(_METADATA) :].lower(): value
            for key, value in headers.items()
            if key.lower().startswith(_METADATA)
        },
        is_copying=headers.get("x-ms-copy-status", "") == "pending",
    )


def _bare(etag: str) -> str:
    return etag.strip('"')


def _lowered(metadata: Mapping[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in metadata.items()}
