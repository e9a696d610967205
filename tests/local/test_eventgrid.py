"""The Event Grid stand-in: what finishes a scan comes to the queue, as it would."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from local.azurite import Azurite
from local.eventgrid import EventGrid
from local.events import Written, blob_created, blob_renamed, cloud_event
from tests.local.hosts import until


@pytest.fixture(scope="module")
def own() -> Iterator[Azurite]:
    """An Azurite whose queue nobody else reads."""
    with Azurite() as azurite:
        azurite.provision()
        yield azurite


@pytest.fixture
def scans(own):
    """The container, as the product sees it."""
    client = BlobServiceClient.from_connection_string(own.connection_string)
    return client.get_container_client("scans")


def taken(
    azurite: Azurite, count: int, queue: str = "scan-events"
) -> list[dict[str, Any]]:
    """The next messages of a queue, decoded."""
    client = azurite.queues().get_queue_client(queue)
    found: list[dict[str, Any]] = []

    def look() -> bool:
        for message in client.receive_messages(max_messages=32):
            found.append(json.loads(base64.b64decode(message.content)))
            client.delete_message(message)
        return len(found) >= count

    until(look)
    return found


def test_new_blob_makes_an_event_in_the_published_shape(own, scans):
    """One message, base64 JSON, with every field that Event Grid sends."""
    name = "mfp-2f/für Ömer 100% & more?.pdf"
    with EventGrid(own):
        done = scans.upload_blob(name, b"12345", overwrite=True)
        (event,) = taken(own, 1)
    assert set(event) == {
        *("topic", "subject", "eventType", "id", "data", "dataVersion"),
        *("metadataVersion", "eventTime"),
    }
    assert event["subject"] == f"/blobServices/default/containers/scans/blobs/{name}"
    assert event["eventType"] == "Microsoft.Storage.BlobCreated"
    data = event["data"]
    assert set(data) == {
        *("api", "clientRequestId", "requestId", "eTag", "contentType"),
        *("contentLength", "blobType", "url", "sequencer", "storageDiagnostics"),
    }
    assert (data["api"], data["contentLength"]) == ("PutBlob", 5)
    assert data["eTag"].strip('"') == done.get_blob_properties().etag.strip('"')
    assert data["url"].endswith(
        "/scans/mfp-2f/f%C3%BCr%20%C3%96mer%20100%25%20%26%20more%3F.pdf"
    )


def test_blocks_are_told_of_once_they_are_committed(own, scans):
    """A block list makes an event, its blocks make none."""
    with EventGrid(own):
        blob = scans.get_blob_client("blocks")
        blob.stage_block("AAAA", b"one")
        blob.commit_block_list(["AAAA"])
        (event,) = taken(own, 1)
    assert event["data"]["api"] == "PutBlockList"


def test_copy_is_told_of(own, scans):
    """A copy into the container makes an event of its own kind."""
    source = own.blobs().get_blob_client("held", "source")
    source.upload_blob(b"x", overwrite=True)
    with EventGrid(own):
        scans.get_blob_client("copied").start_copy_from_url(source.url)
        (event,) = taken(own, 1)
    assert event["data"]["api"] == "CopyBlob"


def test_what_finishes_nothing_is_not_told_of(own, scans):
    """Metadata, leases, other containers and deletions make no event."""
    with own.counted() as counts:
        scans.upload_blob("quiet", b"x", overwrite=True)
        until(lambda: counts["blob.PutBlob"])
    with EventGrid(own):
        blob = scans.get_blob_client("quiet")
        blob.set_blob_metadata({"to": "x"})
        blob.acquire_lease().release()
        own.blobs().get_blob_client("held", "other").upload_blob(b"x", overwrite=True)
        blob.delete_blob()
        scans.upload_blob("last", b"x", overwrite=True)
        events = taken(own, 1)
    assert [each["subject"].rsplit("/", 1)[1] for each in events] == ["last"]


def test_events_can_come_twice_and_in_disorder(own, scans):
    """For tests: a batch may be repeated and reordered."""
    with EventGrid(own, disorder=lambda events: [*events, *reversed(events)]):
        for number in range(3):
            scans.upload_blob(f"twice-{number}", b"x", overwrite=True)
        events = taken(own, 6)
    assert sorted(each["subject"][-1] for each in events) == list("001122")


def test_event_waits_for_a_queue_that_is_away(tmp_path):
    """It is delivered once storage is back: at least once, as Event Grid does."""
    with Azurite(tmp_path) as azurite:
        azurite.provision()
        with EventGrid(azurite) as grid:
            grid.report({"before": "the outage"})
            assert taken(azurite, 1, "delivery-reports")
            azurite.stop()
            grid.report({"during": "the outage"})
            azurite.start()
            assert taken(azurite, 1, "delivery-reports") == [{"during": "the outage"}]


BLOB = Written(
    endpoint="https://stscans.blob.core.windows.net",
    container="scans",
    name="mfp-2f/a b.pdf",
    etag="0x8D",
    size=3,
)


def test_sftp_event_names_the_user():
    """It has an identity, and neither a client's id nor a type worth the name."""
    data = blob_created(BLOB, "SftpCommit", identity="mfp-2f")["data"]
    assert data["identity"] == "mfp-2f"
    assert "clientRequestId" not in data
    assert data["contentType"] == "application/octet-stream"


def test_rename_says_whence_and_whither():
    """Its subject is the new name; it carries no ETag."""
    event = blob_renamed(BLOB, "mfp-2f/a b.tmp", "SftpRename", identity="mfp-2f")
    assert event["eventType"] == "Microsoft.Storage.BlobRenamed"
    assert event["subject"].endswith("/scans/blobs/mfp-2f/a b.pdf")
    assert event["data"]["destinationUrl"].endswith("/scans/mfp-2f/a%20b.pdf")
    assert event["data"]["sourceUrl"].endswith("/scans/mfp-2f/a%20b.tmp")
    assert "eTag" not in event["data"]


def test_cloud_event_says_the_same():
    """CloudEvents 1.0: other names, the same data."""
    event = blob_created(BLOB)
    found = cloud_event(event)
    assert found["specversion"] == "1.0"
    assert (found["type"], found["id"]) == (event["eventType"], event["id"])
    assert (found["subject"], found["data"]) == (event["subject"], event["data"])


def test_sequencers_of_one_name_compare_as_texts():
    """A later event has the greater one."""
    first, second = (blob_created(BLOB)["data"]["sequencer"] for _ in range(2))
    assert first < second
