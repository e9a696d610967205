"""Blobs, queues and tables as the path uses them."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local.azurite import Azurite, Tls
from local.certificates import Authority
from local.identity import IdentityEndpoint
from local.tokens import Issuer
from shared.errors import ConfigError, ForwardError, MissingError, ReplacedError
from shared.model import Place
from shared.settings import Storage
from shared.stores.account import Account, connect, operator_identity
from shared.stores.border import ConflictError, LeasedError, StorageError
from shared.stores.endpoints import endpoints
from shared.stores.tables import Entity

NAMES = [
    *("plain.pdf", "with blank + plus % percent %20.pdf", "ä/Über größe.pdf"),
    *("扫描/📄.pdf", "a//b", "tail.", "q?#&=.pdf", "'quoted'(1).pdf", "x" * 1024),
]
MOMENT = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def account(azurite: Azurite) -> Iterator[Account]:
    """The account, its `scans` emptied afterwards."""
    yield connect(Storage(connection_string=azurite.connection_string))
    client = azurite.blobs().get_container_client("scans")
    for blob in client.list_blobs():
        client.delete_blob(blob.name)


@pytest.mark.parametrize("name", NAMES)
def test_blob_is_found_by_its_name(azurite, account, name):
    """Whatever characters a printer puts into it."""
    client = azurite.blobs().get_blob_client("scans", name)
    client.upload_blob(b"bytes", metadata={"To": "a%40b.de"})
    opened = account.blobs.open("scans", name)
    assert opened.head == b"bytes"
    assert opened.blob.size == 5
    assert opened.blob.metadata == {"to": "a%40b.de"}
    assert opened.blob == account.blobs.look("scans", name)
    assert [listed.place for listed in account.blobs.list("scans")] == [
        opened.blob.place
    ]
    account.blobs.delete(opened.blob.place)
    assert account.blobs.find("scans", name) is None


def test_large_blob_is_read_in_ranges(azurite, account):
    """The first MiB with the properties, the rest as it is asked for."""
    data = os.urandom(3_000_000)
    azurite.blobs().get_blob_client("scans", "x").upload_blob(data)
    opened = account.blobs.open("scans", "x")
    assert opened.head == data[: 1 << 20]
    assert not opened.is_all
    pieces = list(account.blobs.read(opened.blob.place, 1 << 20, 4 << 20))
    assert b"".join(pieces) == data[1 << 20 :]
    assert max(map(len, pieces)) <= 64 << 10


def test_empty_blob_is_opened_too(azurite, account):
    """There is no range in nothing."""
    azurite.blobs().get_blob_client("scans", "x").upload_blob(b"")
    opened = account.blobs.open("scans", "x")
    assert (opened.head, opened.blob.size) == (b"", 0)


def written(azurite: Azurite, name: str, data: bytes = b"one") -> Place:
    """Write a blob, and say where it is."""
    client = azurite.blobs().get_blob_client("scans", name)
    etag = client.upload_blob(data, overwrite=True)["etag"]
    return Place("scans", name, str(etag).strip('"'))


def test_other_bytes_are_refused(azurite, account):
    """Every further call carries the ETag that was claimed."""
    old = written(azurite, "x")
    written(azurite, "x", b"two")
    with pytest.raises(ReplacedError):
        account.blobs.open("scans", "x", old.etag)
    with pytest.raises(ReplacedError):
        list(account.blobs.read(old, 0, 10))
    with pytest.raises(ReplacedError):
        account.blobs.delete(old)
    with pytest.raises(ReplacedError):
        account.blobs.copy(old, "held", "x")


def test_missing_blob_is_missing(account):
    """Not an error of storage."""
    with pytest.raises(MissingError):
        account.blobs.open("scans", "never")
    account.blobs.delete(Place("scans", "never", "0x1"))


def test_leased_blob_is_not_replaced_but_leased(azurite, account):
    """Both answer 412; the code tells them apart."""
    place = written(azurite, "x")
    lease = azurite.blobs().get_blob_client("scans", "x").acquire_lease()
    with pytest.raises(LeasedError):
        account.blobs.delete(place)
    lease.release()
    account.blobs.delete(place)


def test_copy_keeps_metadata_and_overwrites_nothing(azurite, account):
    """Moves are safe to repeat."""
    client = azurite.blobs().get_blob_client("scans", "x")
    client.upload_blob(b"one", metadata={"to": "a%40b.de"})
    place = account.blobs.look("scans", "x").place
    copied = account.blobs.copy(place, "held", "kept")
    kept = account.blobs.look("held", "kept")
    assert copied == kept.place
    assert kept.metadata == {"to": "a%40b.de"}
    with pytest.raises(ConflictError):
        account.blobs.copy(place, "held", "kept")
    account.blobs.delete(kept.place)


def test_reader_that_breaks_off_does_no_harm(azurite, account):
    """The connection is given up, and the next call has another."""
    written(azurite, "x", os.urandom(2_000_000))
    place = account.blobs.look("scans", "x").place
    pieces = account.blobs.read(place, 0, 2_000_000)
    next(pieces)
    pieces.close()
    assert len(b"".join(account.blobs.read(place, 0, 2_000_000))) == 2_000_000


def a_row(key: str, **values: object) -> Entity:
    """A row that is no scan's."""
    return Entity("test", key, {"text": "ä 'x'", "size": 5 << 31, **values})  # type: ignore[dict-item]


def test_row_is_read_as_it_was_written(account):
    """Texts, long numbers, and times to the microsecond."""
    etag = account.ledger.insert(a_row("one", count=3, when=MOMENT))
    found = account.ledger.find("test", "one")
    assert found is not None
    assert found.etag == etag
    assert found.values["text"] == "ä 'x'"
    assert (found.values["size"], found.values["count"]) == (5 << 31, 3)
    assert found.values["when"] == MOMENT
    account.ledger.delete(found)


def test_second_insert_is_a_conflict(account):
    """The insert is the claim."""
    account.ledger.insert(a_row("two"))
    with pytest.raises(ConflictError):
        account.ledger.insert(a_row("two"))


def test_row_changes_under_its_etag_only(account):
    """Of two writers one learns that it is late."""
    etag = account.ledger.insert(a_row("three"))
    first = Entity("test", "three", {"text": "new"}, etag)
    newer = account.ledger.replace(first)
    assert newer != etag
    with pytest.raises(ReplacedError):
        account.ledger.replace(first)
    found = account.ledger.find("test", "three")
    assert found is not None
    assert "size" not in found.values


def test_query_takes_parameters(account):
    """A quotation mark in a value is a value."""
    account.ledger.insert(a_row("four", path="o'clock"))
    found = account.ledger.query("path eq @path", {"path": "o'clock"})
    assert [each.key for each in found] == ["four"]


def test_message_shows_itself_after_its_delay(azurite, account):
    """Base64 JSON; a second's part is rounded up, never down."""
    queue = azurite.queues().get_queue_client("scan-retries")
    queue.clear_messages()
    account.queues.put("scan-retries", {"scan": "x"}, timedelta(0))
    account.queues.put("scan-retries", {"scan": "y"}, timedelta(seconds=30.2))
    assert account.queues.check("scan-retries") == 2
    (message,) = queue.receive_messages()
    assert json.loads(base64.b64decode(message.content)) == {"scan": "x"}
    queue.clear_messages()


def test_outage_is_told_and_its_end_is_noticed(tmp_path):
    """While storage is away: StorageError; once it is back, kept or not: it works."""
    with Azurite(tmp_path) as azurite:
        azurite.provision()
        account = connect(Storage(connection_string=azurite.connection_string))
        place = written(azurite, "x")
        azurite.stop()
        with pytest.raises(StorageError):
            account.blobs.open("scans", "x")
        with pytest.raises(StorageError):
            account.ledger.insert(a_row("five"))
        with pytest.raises(StorageError):
            account.queues.put("scan-retries", {}, timedelta(0))
        azurite.start()
        assert account.blobs.open("scans", "x").blob.place == place


@pytest.mark.parametrize(
    "text",
    [
        *("", "nonsense", "AccountName=x;BlobEndpoint=http://127.0.0.1:1/x"),
        *("AccountName=x;AccountKey=a", "AccountKey=a2V5"),
        "AccountName=x;AccountKey=a2V5;TableEndpoint=127.0.0.1:1/x",
        "AccountName=x;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:99999/x",
        "AccountName=x;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:abc/x",
        "AccountName=x;AccountKey=a2V5;BlobEndpoint=http://exämple.net/x",
        *("AccountName=x;AccountKey=a2V5c", "AccountName=x;AccountKey=a2V5cw%3D%3D"),
        *("AccountName=x;AccountKey=?!a2V5", "AccountName=ä;AccountKey=a2V5"),
    ],
)
def test_wrong_connection_string_is_configuration(text):
    """The setting is named."""
    with pytest.raises(ConfigError, match="SCAN_STORAGE"):
        connect(Storage(connection_string=text or "x"))


STRINGS = [
    "DefaultEndpointsProtocol=https;AccountName=stscans;AccountKey=a2V5;"
    "EndpointSuffix=core.windows.net",
    "AccountName=stscans;AccountKey=a2V5",
    "accountname=stscans;ACCOUNTKEY=a2V5==;EndpointSuffix=core.chinacloudapi.cn;",
    "AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/a/;"
    "QueueEndpoint=http://127.0.0.1:2/a;TableEndpoint=http://127.0.0.1:3/a;",
    "AccountName=a;AccountKey=a2V5;BlobEndpoint=https://a.blob.example.net",
]


@pytest.mark.parametrize("text", STRINGS)
def test_connection_string_is_read_as_the_sdks_read_it(text):
    """The wire and the SDK's clients must speak to the same account."""
    at = endpoints(Storage(connection_string=text))
    found = (
        BlobServiceClient.from_connection_string(text),
        QueueServiceClient.from_connection_string(text),
        TableServiceClient.from_connection_string(text),
    )
    assert (at.blob, at.queue, at.table) == tuple(it.url.rstrip("/") for it in found)
    assert at.name == found[0].account_name


def test_account_name_is_what_scan_ids_use(account):
    """The first label of the host's name, or the first segment of an IP's path."""
    assert account.blobs.account == "devstoreaccount1"
    real = connect(
        Storage(
            connection_string="DefaultEndpointsProtocol=https;AccountName=stscans;"
            "AccountKey=a2V5;EndpointSuffix=core.windows.net"
        )
    )
    assert real.blobs.account == "stscans"


@pytest.fixture
def keyless(monkeypatch):
    """An account without keys, over TLS; and the issuer that it trusts."""
    issuer = Issuer("tenant")
    # Azurite takes the issuer that managed identities have, and no other.
    issuer.name = "https://sts.windows.net/tenant/"
    with Authority() as authority:
        for name, value in authority.trust.items():
            monkeypatch.setenv(name, value)
        tls = Tls(authority.issue(), authority.file)
        with Azurite(tls=tls) as azurite:
            azurite.provision()
            uris = {
                f"{service}_uri": azurite.endpoint(service)
                for service in ("blob", "queue", "table")
            }
            trust = authority.trust["REQUESTS_CA_BUNDLE"]
            yield azurite, Storage(**uris, client_id="client", trust=trust), issuer


def uses(account: Account, azurite: Azurite) -> None:
    """Do one thing with each of the account's services."""
    place = written(azurite, "x")
    assert account.blobs.open("scans", "x").blob.place == place
    etag = account.ledger.insert(a_row("six"))
    row = Entity("test", "six", {"text": "new"}, etag)
    assert account.ledger.replace(row)
    account.queues.put("scan-retries", {"scan": "x"}, timedelta(0))
    account.blobs.delete(place)
    assert account.blobs.account == "devstoreaccount1"


def test_managed_identity_opens_the_account(keyless, monkeypatch):
    """No key anywhere: a token of the identity, over TLS."""
    azurite, storage, issuer = keyless
    identity = IdentityEndpoint(issuer, "client", "object")
    with identity.server:
        for name, value in identity.environment.items():
            monkeypatch.setenv(name, value)
        uses(connect(storage), azurite)


AZ = """#!/bin/sh
wanted="account get-access-token --output json --resource https://storage.azure.com"
[ "$*" = "$wanted" ] || { echo "ERROR: unrecognized arguments: $*" >&2; exit 2; }
%s
"""


@pytest.fixture
def az(monkeypatch, tmp_path):
    """A command line of Azure's that does what it is told, asked for a token."""

    def make(what: str) -> None:
        script = tmp_path / "az"
        script.write_text(AZ % what)
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return make


def test_operator_opens_the_account_by_az_login(keyless, az):
    """Whoever is signed in at a machine of their own needs no key either."""
    azurite, storage, issuer = keyless
    token = issuer.issue("https://storage.azure.com", {"oid": "ann", "sub": "ann"})
    answer = {"accessToken": token, "expires_on": int(time.time()) + 3599}
    az(f"echo '{json.dumps(answer)}'")
    uses(connect(storage, operator_identity), azurite)


def test_operator_who_is_not_signed_in_is_told_how(keyless, az, monkeypatch):
    """The error names the command that is missing."""
    _, storage, issuer = keyless
    az("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1")
    identity = IdentityEndpoint(issuer, "another", "object")
    with identity.server:
        for name, value in identity.environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(StorageError, match="az login"):
            connect(storage, operator_identity).blobs.open("scans", "x")


def test_every_fault_of_storage_is_one_of_ours():
    """Whatever leaves the stores, the path knows its kind."""
    for kind in (StorageError, ConflictError, LeasedError):
        assert issubclass(kind, ForwardError)
