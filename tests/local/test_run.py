"""`make run` and `make peers`, as a newcomer meets them."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest
import requests

from local.azurite import Azurite
from local.paper import Words, as_pdf
from tests.local.hosts import ROOT, until

NAMES = ("Minutes of the meeting.pdf", "delivery-note-2026-118.tif", "whiteboard.jpg")


class Command:
    """`python -m local …` with data of its own; a context manager."""

    def __init__(self, data: Path, *words: str) -> None:
        self._words = ("--data", str(data), *words)
        self.text = ""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(  # noqa: S603 (our own words)
            [sys.executable, "-m", "local", *self._words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self.text += line

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until the pattern was printed."""
        until(lambda: re.search(pattern, self.text), seconds=60)
        found = re.search(pattern, self.text)
        assert found
        return found

    def ended(self) -> int:
        """Wait for its end; its exit status."""
        status = self.process.wait(90)
        self._reader.join()
        return status

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.ended()


@pytest.fixture(scope="module")
def once(tmp_path_factory) -> Command:
    """`make run ONCE=1`, to its end."""
    data = tmp_path_factory.mktemp("once") / "data"
    with Command(data, "run", "--once") as command:
        command.status = command.ended()  # type: ignore[attr-defined]
    return command


def test_three_scans_arrive(once):
    """It ends with 0 when all three arrived."""
    assert once.status == 0, once.text


@pytest.mark.parametrize(
    ("name", "who", "by"),
    [
        (NAMES[0], "jane@contoso.com", "hve"),
        (NAMES[1], "ap@fabrikam.com", "acs"),
        (NAMES[2], "jane@contoso.com", "hve"),
        (NAMES[2], "ap@fabrikam.com", "acs"),
    ],
)
def test_table_says_what_arrived_and_when(once, name, who, by):
    """Inside by HVE, outside by ACS, with times."""
    row = rf"^{name} +{who} +{by} +\d\d:\d\d:\d\d +\d+\.\d\d s$"
    assert re.search(row, once.text, re.MULTILINE), once.text


@pytest.mark.parametrize("name", NAMES)
def test_progress_is_shown_while_they_travel(once, name):
    """From the container to the mailbox."""
    for news in ("put into container scans", "arrived at", "was sent"):
        assert re.search(rf"\d s  {name} +{news}", once.text), once.text


def test_scan_that_does_not_arrive_is_explained(tmp_path):
    """It ends with 1, and says which scan, whom it did not reach and why."""
    routes = b"[defaults]\nfallback = 'office@contoso.com'\n"
    with Azurite(tmp_path / "data" / "azurite") as azurite:
        azurite.provision()
        azurite.blobs().get_blob_client("config", "routes.toml").upload_blob(routes)
    with Command(tmp_path / "data", "run", "--once") as command:
        assert command.ended() == 1
    assert (
        "front-desk/whiteboard.jpg did not reach ap@fabrikam.com: it is held "
        "(not-allowed)" in command.text
    )


def test_run_that_is_ended_before_all_arrived_is_no_success(tmp_path):
    """A time-out of whoever called it must not look green."""
    with Command(tmp_path / "data", "run", "--once") as command:
        command.wait_for("Starting the functions")
        command.process.send_signal(signal.SIGTERM)
        assert command.ended() == 1


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[tuple[Command, Path]]:
    """`make run`, which goes on."""
    data = tmp_path_factory.mktemp("run") / "data"
    with Command(data, "run") as command:
        command.wait_for("Ctrl-C ends it")
        yield command, data


def test_page_shows_every_mail(running):
    """Its address is printed; the four mails are on it."""
    command, _ = running
    address = command.wait_for(r"Every mail, with its story: (http://localhost:\d+)")[1]
    assert "4 mails received" in requests.get(address, timeout=10).text


def test_health_and_its_details_are_printed_as_addresses(running):
    """Anybody may ask whether it is well; the key is part of the other address."""
    command, _ = running
    health = command.wait_for(r"Health: (\S+)")[1]
    details = command.wait_for(r"Details: (\S+)")[1]
    assert requests.get(health, timeout=30).text == "ok"
    assert all(each["ok"] for each in requests.get(details, timeout=30).json())


def test_dropped_file_is_forwarded(running):
    """What is put into drop/DEVICE arrives, and is gone from the folder."""
    command, data = running
    path = data.parent / "drop" / "front-desk" / "dropped.pdf"
    path.write_bytes(as_pdf([Words(72, 72, 20, "Dropped")]))
    command.wait_for("'Scan from Front desk copier: dropped' arrived at office@contoso")
    assert not path.exists()


def test_second_run_beside_the_first_is_refused(running):
    """Two of them would share one storage; one sentence says so."""
    _, data = running
    with Command(data, "run") as second:
        assert second.ended() == 2
    assert second.text == (
        "`make run` or `make peers` runs here already: end it first.\n"
    )


def test_port_in_use_is_one_sentence(tmp_path):
    """It names the port and says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Command(tmp_path / "data", "run", "--port", str(port)) as command:
            assert command.ended() == 2
    assert command.text == (
        f"Port {port} is in use: choose another, such as PORT={port + 1}, "
        "or leave PORT out.\n"
    )


def test_ctrl_c_ends_it_well(tmp_path):
    """Peers: settings as exports and for the Core Tools; then Ctrl-C."""
    data = tmp_path / "data"
    with Command(data, "peers") as command:
        command.wait_for("Ctrl-C ends the peers")
        tools = json.loads((tmp_path / "local.settings.json").read_text())
        exports = (data / "peers.env").read_text()
        assert tools["IsEncrypted"] is False
        assert tools["Values"]["FUNCTIONS_WORKER_RUNTIME"] == "python"
        for name, value in tools["Values"].items():
            if name != "FUNCTIONS_WORKER_RUNTIME":
                assert f"export {name}=" in exports
                assert value in exports
        assert exports in command.text
        command.process.send_signal(signal.SIGINT)
        assert command.ended() == 0


def test_settings_file_of_somebody_else_is_left_alone(tmp_path):
    """It says so."""
    own = tmp_path / "local.settings.json"
    own.write_text("{}")
    with Command(tmp_path / "data", "peers") as command:
        command.wait_for("local.settings.json is yours and was left alone")
    assert own.read_text() == "{}"


def test_nothing_is_left_running(running, tmp_path):
    """Not even when it is killed: what it started ends with it."""
    assert running
    with Command(tmp_path / "data", "run") as command:
        health = command.wait_for(r"Health: (\S+)")[1]
        command.process.kill()
        command.ended()
    until(_refuses(health))


def _refuses(address: str) -> Callable[[], bool]:
    port = int(address.split(":")[2].split("/")[0])

    def refuses() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    return refuses
