"""Azurite starts, keeps what it acknowledged, and its log says who asked for what."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from azure.core.credentials import AccessToken
from azure.storage.blob import BlobServiceClient

from local.accesslog import CONTAINERS, QUEUES, parse
from local.azurite import Azurite
from local.tokens import Issuer
from tests.local.hosts import until


def test_containers_queues_and_table_are_there(azurite):
    """What the product expects is made, and making it again does no harm."""
    azurite.provision()
    assert {each.name for each in azurite.blobs().list_containers()} >= set(CONTAINERS)
    assert {each.name for each in azurite.queues().list_queues()} >= set(QUEUES)
    assert [each.name for each in azurite.tables().list_tables()] == ["ledger"]


def test_stopped_and_started_it_still_has_everything(tmp_path):
    """Same folder, same ports: clients go on as if nothing had been."""
    with Azurite(tmp_path) as azurite:
        azurite.provision()
        client = BlobServiceClient.from_connection_string(azurite.connection_string)
        client.get_blob_client("scans", "kept").upload_blob(b"bytes")
        azurite.stop()
        azurite.start()
        found = client.get_blob_client("scans", "kept").download_blob().readall()
    assert found == b"bytes"


def test_it_ends_with_whoever_started_it():
    """However that process ended, no Azurite is left behind."""
    script = (
        "import os; from local.azurite import Azurite; "
        "azurite = Azurite().start(); "
        "print(azurite.endpoint('blob'), flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(  # noqa: S603 (our own words)
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    address = done.stdout.strip()
    assert address.startswith("http://127.0.0.1:")
    until(lambda: not _answers(address))


def _answers(address: str) -> bool:
    port = int(address.rsplit(":", 1)[1].split("/")[0])
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Identity:
    """A credential whose tokens come from the Entra stand-in's issuer."""

    def __init__(self) -> None:
        self._issuer = Issuer("11111111-1111-4111-8111-111111111111")

    def get_token(self, *_scopes: str, **_: object) -> AccessToken:
        """A token for storage, of the issuer that managed identities have."""
        claims = {
            "iss": "https://sts.windows.net/11111111-1111-4111-8111-111111111111/"
        }
        token = self._issuer.issue("https://storage.azure.com", claims)
        return AccessToken(token, 2**31)


def test_over_tls_it_takes_tokens(tls):
    """With a certificate it can be used by a managed identity."""
    with Azurite(tls=tls) as azurite:
        azurite.provision()
        client = BlobServiceClient(
            azurite.endpoint("blob"),
            credential=Identity(),
            connection_verify=str(tls.authority),
        )
        assert azurite.endpoint("blob").startswith("https://")
        assert client.get_container_client("scans").exists()


LINE = '127.0.0.1 - - [21/Nov/2026:10:39:39 +0000] "{} HTTP/1.1" {} -'


@pytest.mark.parametrize(
    ("asked", "status", "operation", "name"),
    [
        ("PUT /dev/scans/a/b%20%25.pdf", 201, "blob.PutBlob", "a/b %.pdf"),
        ("PUT /dev/scans/back%5Cslash", 201, "blob.PutBlob", "back/slash"),
        ("PUT /dev/scans/a", 202, "blob.CopyBlob", "a"),
        ("PUT /dev/scans/a?comp=blocklist", 201, "blob.PUT?comp=blocklist", "a"),
        ("HEAD /dev/held/a", 200, "blob.GetBlobProperties", "a"),
        ("DELETE /dev/scans/a", 202, "blob.DeleteBlob", "a"),
        ("GET /dev/scan-events/messages?numofmessages=8", 200, "queue.GetMessages", ""),
        ("DELETE /dev/scan-events/messages/1", 204, "queue.DeleteMessage", ""),
        ("POST /dev/ledger", 201, "table.InsertEntity", ""),
        (
            "PATCH /dev/ledger(PartitionKey='1',RowKey='2')",
            204,
            "table.MergeEntity",
            "",
        ),
    ],
)
def test_line_of_the_log_is_understood(asked, status, operation, name):
    """Method, resource, decoded name, and what the services call it."""
    request = parse(LINE.format(asked, status))
    assert request is not None
    assert request.operation == operation
    assert not name or request.name == name


@pytest.mark.parametrize(
    "line", ["", "Azurite Blob service is closing...", '"GET / x" 2']
)
def test_other_lines_are_no_requests(line):
    """What Azurite says beside its log does no harm."""
    assert parse(line) is None


def test_only_the_product_s_requests_are_counted(azurite):
    """What the stand-ins ask is signed by a SAS, and left out."""
    product = BlobServiceClient.from_connection_string(azurite.connection_string)
    with azurite.counted() as counts:
        blob = product.get_blob_client("scans", "counted")
        blob.upload_blob(b"x", overwrite=True)
        azurite.blobs().get_blob_client("scans", "counted").get_blob_properties()
        blob.delete_blob()
        until(lambda: counts["blob.DeleteBlob"])
    assert counts == {"blob.PutBlob": 1, "blob.DeleteBlob": 1}
