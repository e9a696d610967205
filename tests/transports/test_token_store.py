"""Where a person's sign-in is kept: a file of one's own, or a secret of a Key Vault."""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.web import Fault, Moment, Response
from shared.errors import (
    AuthRefusedError,
    ConfigError,
    ForwardError,
    ThrottledError,
    TransientError,
    UnreachableError,
)
from shared.transports import keyvault, token_store
from shared.transports.base import Patience
from shared.transports.token_store import SECRET, FileStore, open_store

from .peers import IDENTITY, Peers, closed_port
from .rigs import HASTY, PATIENT

TEXT = '{"version": 1, "cache": "made-up"}'


@pytest.fixture(autouse=True)
def _nobody_signed_in(peers: Peers) -> Iterator[None]:
    """Begin and end with an empty vault."""
    peers.forget_people()
    yield
    peers.forget_people()


def secret(
    peers: Peers, path: str = "", patience: Patience = PATIENT
) -> keyvault.Secret:
    """A secret of the vault, as TOKEN_STORE names it."""
    who = keyvault.as_identity(IDENTITY, patience)
    made = open_store(f"{peers.vault.server.url}{path}", who, patience)
    assert isinstance(made, keyvault.Secret)
    return made


def in_file(path: Path) -> FileStore:
    """A store in a file."""
    made = open_store(str(path), keyvault.as_identity("", PATIENT), PATIENT)
    assert isinstance(made, FileStore)
    return made


def test_file_is_its_owners_alone(tmp_path: Path):
    """It is made with mode 600, from its first moment, and read again whole."""
    store = in_file(tmp_path / "token.json")
    assert store.read() == ""

    store.write(TEXT)
    store.write(TEXT * 2)

    assert store.read() == TEXT * 2
    assert stat.S_IMODE((tmp_path / "token.json").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["token.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_file_that_others_can_read_is_refused(mode: int, tmp_path: Path):
    """At the start it is configuration; later the mails wait, and somebody is told."""
    file = tmp_path / "token.json"
    store = in_file(file)
    store.write(TEXT)
    file.chmod(mode)

    with pytest.raises(ConfigError) as at_start:
        in_file(file)
    with pytest.raises(AuthRefusedError) as later:
        store.read()

    assert f"chmod 600 {file}" in at_start.value.hint
    assert f"chmod 600 {file}" in later.value.hint
    assert TEXT not in str(later.value)


@pytest.mark.parametrize("path", ["no/such/folder/token.json", "."])
def test_place_that_cannot_hold_a_file_is_configuration(path: str, tmp_path: Path):
    """A folder that is not there, or a folder where the file should be."""
    with pytest.raises(ConfigError, match="TOKEN_STORE"):
        in_file(tmp_path / path)


def test_file_that_cannot_be_written_stays_whole(tmp_path: Path):
    """What was kept before is there after a write that failed."""
    store = in_file(tmp_path / "token.json")
    store.write(TEXT)

    with pytest.raises(UnreachableError):
        store.write("\udc80")  # nothing that UTF-8 can hold

    assert store.read() == TEXT
    assert [each.name for each in tmp_path.iterdir()] == ["token.json"]


def test_disk_that_takes_no_bytes_keeps_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Only what lies on the disk takes the place of what lay there."""
    store = in_file(tmp_path / "token.json")
    store.write(TEXT)

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(token_store, "fsync", fail)
    with pytest.raises(UnreachableError):
        store.write(TEXT * 2)

    assert store.read() == TEXT
    assert [each.name for each in tmp_path.iterdir()] == ["token.json"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", SECRET),
        ("/", SECRET),
        ("/secrets/mine", "mine"),
        ("/secrets/mine/", "mine"),
    ],
)
def test_vault_keeps_a_secret(path: str, name: str, peers: Peers):
    """By the secret's address; by the vault's alone it has our name for it."""
    store = secret(peers, path)
    assert store.read() == ""

    store.write(TEXT)

    assert store.read() == TEXT
    assert peers.vault.secrets[name] == (TEXT, "application/json")


@pytest.mark.parametrize(
    "text",
    [
        "http://contoso.vault.azure.net/secrets/mine",
        "https://contoso.vault.azure.net/secrets/mine/0123",
        "https://contoso.vault.azure.net/keys/mine",
        "https://contoso.vault.azure.net/secrets",
        "https:///secrets/mine",
    ],
)
def test_address_that_is_no_secrets_is_configuration(text: str):
    """It says what to write: no version, for that would never be renewed."""
    with pytest.raises(ConfigError, match="without a version"):
        open_store(text, keyvault.as_identity("", PATIENT), PATIENT)


def refused(status: int, **headers: str) -> Fault:
    """An answer of the vault's in place of the secret."""
    body = {"error": {"code": "x", "message": f"No.\nAKV{status}"}}
    return Fault(Moment.ANSWER, Response.of(status, body, **headers))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (refused(403), AuthRefusedError),
        (refused(401), AuthRefusedError),
        (refused(429, Retry_After="7"), ThrottledError),
        (refused(503), UnreachableError),
        (Fault(Moment.ANSWER, Response(200, b"<html>Please pay")), UnreachableError),
        (Fault(Moment.ANSWER, Response.of(200, {})), UnreachableError),
        (Fault(Moment.ANSWER, Response.of(200, [])), UnreachableError),
        (Fault(Moment.ANSWER, Response(500, b"?")), UnreachableError),
        (Fault(Moment.ANSWER), UnreachableError),
    ],
)
def test_vaults_refusals_have_their_answers(
    fault: Fault, error: type[ForwardError], peers: Peers
):
    """Whatever comes in place of the secret becomes one of our answers."""
    peers.vault.server.faults.add(fault)

    with pytest.raises(error) as caught:
        secret(peers).read()

    assert type(caught.value) is error
    assert "\n" not in str(caught.value)
    if error is ThrottledError:
        assert caught.value.retry_after == 7
    if error is AuthRefusedError:
        assert "Key Vault Secrets Officer" in caught.value.hint


def test_vault_leads_nobody_elsewhere(peers: Peers):
    """A token goes to the address that the setting names, and to no other."""
    peers.vault.secrets["other"] = TEXT, ""
    where = f"{peers.vault.server.url}/secrets/other?api-version=7.4"
    peers.vault.server.faults.add(refused(302, Location=where))

    with pytest.raises(UnreachableError, match="302"):
        secret(peers).read()


def test_vault_that_does_not_answer_is_unreachable(peers: Peers):
    """Nobody waits longer than the time-out."""
    peers.vault.server.faults.add(Fault(Moment.STALL))

    with pytest.raises(UnreachableError):
        secret(peers, patience=HASTY).read()


def test_vault_that_is_not_there_is_unreachable(peers: Peers):
    """No connection is no refusal."""
    assert peers
    who = keyvault.as_identity(IDENTITY, PATIENT)
    store = open_store(f"https://localhost:{closed_port()}", who, PATIENT)

    with pytest.raises(UnreachableError):
        store.read()


def test_vault_that_may_only_be_read_says_so(peers: Peers):
    """The role that is missing is named."""
    peers.vault.may_write = False

    with pytest.raises(AuthRefusedError) as caught:
        secret(peers).write(TEXT)

    assert "Officer" in caught.value.hint
    assert TEXT not in str(caught.value)


def test_identity_that_is_not_there_is_a_refused_sign_in(
    peers: Peers, monkeypatch: pytest.MonkeyPatch
):
    """What the identity raises crosses its own border."""
    store = secret(peers)
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")

    with pytest.raises(TransientError, match="managed identity"):
        store.read()


def test_operator_without_a_sign_in_of_his_own_is_the_identity(
    peers: Peers, monkeypatch: pytest.MonkeyPatch
):
    """Where nobody is signed in by `az`, the command is as the app."""
    monkeypatch.setenv("PATH", "/nowhere")
    who = keyvault.as_operator(IDENTITY, PATIENT)

    open_store(peers.vault.server.url, who, PATIENT).write(TEXT)

    assert peers.vault.writes == 1
