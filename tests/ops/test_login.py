"""`scanpost login`: a person at a terminal signs in, and a mail goes out by that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.azurite import ROOT
from ops.__main__ import main
from shared import transports
from tests.transports.makers import SENDER, File, a_message
from tests.transports.peers import Peers, closed_port
from tests.transports.rigs import exo_settings

JANE = "jane@contoso.com"


@pytest.fixture
def peers(peers: Peers, monkeypatch: pytest.MonkeyPatch) -> Peers:
    """Give them without memory of people; the settings are the environment."""
    peers.forget_people()
    # MSAL asks at once, and then not before this has passed.
    monkeypatch.setattr(peers.entra.people, "interval_seconds", 1)
    # Whoever runs the tests may be signed in by `az`; the command must not find it.
    for name, value in {**exo_settings(peers), "PATH": ""}.items():
        monkeypatch.setenv(name, value)
    return peers


@pytest.fixture
def command(peers: Peers, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start the command at a terminal."""
    store = {"TOKEN_STORE": str(tmp_path / "token.json")}
    with subprocess.Popen(
        [sys.executable, "-m", "ops", "login"],
        cwd=ROOT,
        env={**store, **os.environ, **peers.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        yield started
        started.kill()


def typed(peers: Peers, command: subprocess.Popen[str], account: str) -> str:
    """Type the code that the command shows, and hear what it says in the end."""
    assert command.stdout
    shown = command.stdout.readline()
    (code,) = peers.entra.people.waiting
    assert code in shown
    assert "https://login.microsoft.com/device" in shown
    peers.entra.people.approve(code, account)
    out, err = command.communicate(timeout=30)
    assert (command.returncode, err) == (0, "")
    return out


def sent(settings: Mapping[str, str]) -> str:
    """Send a mail by the sign-in that was kept."""
    transport = transports.build("exo", settings, lambda: datetime.now(UTC))
    try:
        return transport.send(
            a_message(), File(), datetime(2100, 1, 1, tzinfo=UTC)
        ).answer
    finally:
        transport.close()


@pytest.fixture(params=["file", "vault"])
def place(
    request: pytest.FixtureRequest,
    peers: Peers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Where the sign-in is kept."""
    file = str(tmp_path / "token.json")
    store = file if request.param == "file" else peers.vault.server.url
    monkeypatch.setenv("TOKEN_STORE", store)
    return store


def test_person_signs_in_once_and_mails_go_out(
    place: str, peers: Peers, command: subprocess.Popen[str]
):
    """The code is shown, the person is named, and Exchange takes the mail."""
    out = typed(peers, command, SENDER)

    assert f"Signed in as {SENDER}" in out
    assert "Add-MailboxPermission" not in out
    assert not [each for each in peers.entra.issued if each in out]
    sent({**exo_settings(peers), "TOKEN_STORE": place})
    assert len(peers.mail.mails) == 1


def test_person_with_another_mailbox_is_told_what_it_takes(
    peers: Peers, command: subprocess.Popen[str]
):
    """Full access, and the right to send as it; by their cmdlets."""
    out = typed(peers, command, JANE)

    assert f"Signed in as {JANE}" in out
    assert f"Add-MailboxPermission -Identity {SENDER} -User {JANE}" in out
    assert f"Add-RecipientPermission -Identity {SENDER} -Trustee {JANE}" in out


def test_login_ends_by_ctrl_c(
    peers: Peers, tmp_path: Path, command: subprocess.Popen[str]
):
    """Nothing is kept, and nobody sees a traceback."""
    assert command.stdout
    assert command.stdout.readline()
    assert peers.entra.people.waiting

    command.send_signal(signal.SIGINT)

    _, err = command.communicate(timeout=30)
    assert (command.returncode, err) == (1, "scanpost: stopped\n")
    assert not (tmp_path / "token.json").exists()


def test_login_needs_a_place_to_keep_it(
    peers: Peers, capsys: pytest.CaptureFixture[str]
):
    """Else every worker would have to ask."""
    assert main(["login"]) == 2

    assert "TOKEN_STORE is not set" in capsys.readouterr().err
    assert not peers.entra.people.waiting


def test_login_refuses_a_file_that_others_can_read(
    peers: Peers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """Before anybody has typed a code."""
    file = tmp_path / "token.json"
    file.write_text("{}")
    file.chmod(0o644)
    monkeypatch.setenv("TOKEN_STORE", str(file))

    assert main(["login"]) == 2

    assert f"chmod 600 {file}" in capsys.readouterr().err
    assert not peers.entra.people.waiting


@pytest.mark.parametrize("what", ["declined", "away"])
def test_login_that_came_to_nothing_may_be_tried_again(
    what: str,
    peers: Peers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """Exit status 3, a sentence, and nothing kept."""
    file = tmp_path / "token.json"
    monkeypatch.setenv("TOKEN_STORE", str(file))
    if what == "away":
        nobody = f"https://localhost:{closed_port()}"
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", nobody)
    else:
        people = peers.entra.people
        begin = people.begin

        def declined(form: Mapping[str, str]) -> Mapping[str, object]:
            answer = begin(form)
            people.decline(answer["user_code"])
            return answer

        monkeypatch.setattr(people, "begin", declined)

    assert main(["login"]) == 3

    assert capsys.readouterr().err.startswith("scanpost: Entra: ")
    assert not file.exists()
