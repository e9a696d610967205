"""The scans themselves: read once in ranges, copied and deleted under their ETag.

Every method raises `MissingError` (404), `ReplacedError` (412), `LeasedError`,
`ConflictError` or `StorageError`.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from azure.core import MatchConditions
from azure.core.pipeline import Pipeline, PipelineResponse
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, HeadersPolicy
from azure.core.rest import HttpRequest, HttpResponse

from shared.errors import ForwardError, MissingError
from shared.model import Blob, Place

from .border import crossing, few_retries, refusal

if TYPE_CHECKING:
    from azure.core.pipeline.transport import RequestsTransport
    from azure.storage.blob import BlobServiceClient

HEAD_BYTES = 1 << 20
"""What the first read brings along: a scan of up to 1 MiB is read in one request."""
RANGE_BYTES = 4 << 20
"""What every further read brings (design.md §3: one more for each 4 MB)."""
API_VERSION = "2025-05-05"
_SCOPE = "https://storage.azure.com/.default"
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

    def __init__(self, service: BlobServiceClient, http: RequestsTransport) -> None:
        self._service = service
        credential: Any = service.credential
        if hasattr(credential, "get_token"):
            credential = BearerTokenCredentialPolicy(credential, _SCOPE)
        # The SDK's download joins a whole range in memory; this one streams it.
        policies: list[Any] = [_Headers(), few_retries(), credential]
        self._pipeline: Pipeline[HttpRequest, HttpResponse] = Pipeline(http, policies)

    @property
    def account(self) -> str:
        """The account's name as scan ids use it (design.md §3)."""
        parts = urlsplit(self._service.url)
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
        with crossing(f"read of {container}"):
            response = self._get(container, name, (0, HEAD_BYTES), conditions)
            try:
                if response.status_code == _EMPTY:
                    return Opened(self._look(container, name), b"")
                head = b"".join(response.iter_raw())
            finally:
                response.close()
        return Opened(_described(container, name, response), head)

    def read(self, place: Place, offset: int, length: int) -> Iterator[bytes]:
        """Stream one range, in pieces of 64 KiB, if the ETag still is the same."""
        with crossing(f"read of {place.container}"):
            response = self._get(
                place.container,
                place.name,
                (offset, length),
                {"If-Match": f'"{place.etag}"'},
            )
            try:
                if response.status_code != _EMPTY:
                    yield from response.iter_raw()
            finally:
                response.close()

    def exists(self, container: str) -> None:
        """Ask for a container. Raises MissingError where there is none."""
        with crossing(f"look at container {container}"):
            self._service.get_container_client(container).get_container_properties()

    def look(self, container: str, name: str) -> Blob:
        """Ask for properties and metadata alone."""
        with crossing(f"look at {container}"):
            return self._look(container, name)

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
        source = self._service.get_blob_client(place.container, place.name)
        target = self._service.get_blob_client(container, name)
        with crossing(f"copy to {container}"):
            done = target.start_copy_from_url(
                source.url,
                source_etag=place.etag,
                source_match_condition=MatchConditions.IfNotModified,
                match_condition=MatchConditions.IfMissing,
            )
        if done["copy_status"] != "success":
            return None
        return Place(container, name, _bare(str(done["etag"])))

    def delete(self, place: Place) -> None:
        """Remove the blob if its ETag still is the same; a missing one is removed."""
        client = self._service.get_blob_client(place.container, place.name)
        try:
            with crossing(f"delete in {place.container}"):
                client.delete_blob(
                    etag=place.etag, match_condition=MatchConditions.IfNotModified
                )
        except MissingError:
            return

    def put(self, container: str, name: str, data: bytes, tag: str = "") -> None:
        """Write a small blob whole; `tag` is kept as its metadata `source`."""
        client = self._service.get_blob_client(container, name)
        with crossing(f"write to {container}"):
            client.upload_blob(data, overwrite=True, metadata={"source": tag})

    def list(self, container: str) -> Iterator[Listed]:
        """List a container, metadata included; directories are left out."""
        with crossing(f"list of {container}"):
            client = self._service.get_container_client(container)
            for each in client.list_blobs(include=["metadata", "copy"]):
                metadata = _lowered(each.metadata or {})
                if _SYNTHETIC_FOLDER not in metadata:
                    copying = (each.copy.status or "") == "pending"
                    place = Place(container, each.name, _bare(each.etag))
                    modified = each.last_modified
                    yield Listed(place, each.size, modified, metadata, copying)

    def _look(self, container: str, name: str) -> Blob:
        client = self._service.get_blob_client(container, name)
        found = client.get_blob_properties()
        return Blob(
            place=Place(container, name, _bare(found.etag)),
            size=found.size,
            modified=found.last_modified,
            metadata=_lowered(found.metadata or {}),
            is_copying=(found.copy.status or "") == "pending",
        )

    def _get(
        self,
        container: str,
        name: str,
        span: tuple[int, int],
        conditions: Mapping[str, str],
    ) -> HttpResponse:
        """Ask for a range. The caller closes the response."""
        offset, length = span
        span_asked = f"bytes={offset}-{offset + length - 1}"
        headers = {"x-ms-range": span_asked, **conditions}
        base = self._service.url.rstrip("/")
        url = f"{base}/{container}/{quote(name, safe='/~')}"
        request = HttpRequest("GET", url, headers=headers)
        ran: PipelineResponse[HttpRequest, HttpResponse] = self._pipeline.run(
            request, stream=True
        )
        response = ran.http_response
        if response.status_code not in {200, 206, _EMPTY}:
            response.read()
            raise _refused(f"read of {container}", response)
        return response


class _Headers(HeadersPolicy):
    """What every call to Blob Storage carries."""

    def on_request(self, request: Any) -> None:
        headers = request.http_request.headers
        headers["x-ms-version"] = API_VERSION
        headers["x-ms-date"] = email.utils.formatdate(usegmt=True)


def _described(container: str, name: str, response: HttpResponse) -> Blob:
    headers = response.headers
    span = _TOTAL.match(headers.get("Content-Range", ""))
    size = int(span[1]) if span else int(headers.get("Content-Length", "0"))
    modified = email.utils.parsedate_to_datetime(headers["Last-Modified"])
    metadata = {
        key[len("x-ms-meta-") :].lower(): value
        for key, value in headers.items()
        if key.lower().startswith("x-ms-meta-")
    }
    return Blob(
        place=Place(container, name, _bare(headers["ETag"])),
        size=size,
        modified=modified.astimezone(UTC),
        metadata=metadata,
        is_copying=headers.get("x-ms-copy-status", "") == "pending",
    )


def _refused(what: str, response: HttpResponse) -> ForwardError:
    code = response.headers.get("x-ms-error-code", "")
    return refusal(what, response.status_code, code)


def _bare(etag: str) -> str:
    return etag.strip('"')


def _lowered(metadata: Mapping[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in metadata.items()}
