"""The cloud's door in the real worker library: bindings, and each trigger's call."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.functions import Functions
from local.peers import Peers
from tests.local.hosts import until
from tests.makers import an_event
from tests.samples import PDF

ROOT = Path(__file__).resolve().parent.parent
ASK = (
    "import json; from pathlib import Path; from local.host.worker import Worker; "
    "print(json.dumps({f.name: dict(f.trigger) for f in Worker(Path('.')).functions}))"
)
SETTINGS = {
    "SCAN_STORAGE": "DefaultEndpointsProtocol=https;AccountName=stscans;"
    "AccountKey=a2V5;EndpointSuffix=core.windows.net",
    "INTERNAL_DOMAINS": "contoso.com",
    "INTERNAL_TRANSPORT": "outbox",
}
QUEUES = {
    "receive": "scan-events",
    "retry": "scan-retries",
    "report": "delivery-reports",
    "abandon_events": "scan-events-poison",
    "abandon_retries": "scan-retries-poison",
    "abandon_reports": "delivery-reports-poison",
}


def python(code: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run Python where Azure would: in the app's folder, with its settings."""
    return subprocess.run(  # noqa: S603 (our own words)
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def bindings() -> dict[str, dict[str, object]]:
    """The triggers as the worker library tells them to the host."""
    done = python(ASK, **SETTINGS)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, object]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_every_function_of_the_contract_is_there(bindings):
    """Nine functions, by their names."""
    names = {*QUEUES, "sweep", "health", "health_detail"}
    assert bindings.keys() == names


@pytest.mark.parametrize("name", QUEUES)
def test_queue_triggers_name_queue_and_connection(bindings, name):
    """The connection is the setting SCAN_STORAGE, or its prefix."""
    assert bindings[name]["type"] == "queueTrigger"
    assert bindings[name]["queueName"] == QUEUES[name]
    assert bindings[name]["connection"] == "SCAN_STORAGE"


def test_sweep_runs_by_its_setting(bindings):
    """SWEEP_SCHEDULE."""
    assert bindings["sweep"]["type"] == "timerTrigger"
    assert bindings["sweep"]["schedule"] == "%SWEEP_SCHEDULE%"


@pytest.mark.parametrize(
    ("name", "level"), [("health", "ANONYMOUS"), ("health_detail", "FUNCTION")]
)
def test_health_is_open_and_its_detail_is_not(bindings, name, level):
    """Anybody may ask whether; only a key tells what."""
    assert bindings[name]["type"] == "httpTrigger"
    assert str(bindings[name]["authLevel"]).upper() == level


def test_import_needs_no_settings():
    """Tools may import the module."""
    assert python("import function_app").returncode == 0


def test_wrong_settings_stop_the_start_and_are_all_named():
    """Before any message is touched."""
    done = python(ASK, **SETTINGS | {"LEASE_SECONDS": "x", "AFTER_SEND": "y"})
    assert done.returncode != 0
    assert "LEASE_SECONDS" in done.stderr
    assert "AFTER_SEND" in done.stderr


def test_missing_sender_stops_the_start():
    """A transport that is asked for must be whole."""
    done = python(ASK, **SETTINGS | {"INTERNAL_TRANSPORT": "hve"})
    assert done.returncode != 0
    assert "HVE_SENDER" in done.stderr


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Peers, Functions]]:
    """The app in the local host, with every peer."""
    folder = tmp_path_factory.mktemp("running")
    with Peers(folder) as peers, Functions(peers.settings, folder / "log") as functions:
        yield peers, functions


def ask(functions: Functions, path: str) -> tuple[int, str]:
    """Ask over HTTP."""
    try:
        with urllib.request.urlopen(f"{functions.address}/api/{path}") as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read().decode()


def test_health_says_ok(running):
    """Storage, routes and every sign-in."""
    assert ask(running[1], "health") == (200, "ok")


def test_health_detail_needs_the_key(running):
    """And then tells each check."""
    _, functions = running
    assert ask(functions, "health_detail")[0] == 401
    status, text = ask(functions, f"health_detail?code={functions.key}")
    assert status == 200
    checks = {each["check"]: each["ok"] for each in json.loads(text)}
    assert checks == {
        "storage": True,
        "routes": True,
        "transport hve": True,
        "transport acs": True,
    }


def test_scan_travels_through_the_real_worker(running):
    """A file in `scans`, and the mail is in both mailboxes: HVE inside, ACS outside."""
    peers, _ = running
    blob = peers.azurite.blobs().get_blob_client("scans", "mfp/way.pdf")
    blob.upload_blob(PDF, metadata={"to": "jane%40contoso.com,ap%40fabrikam.com"})

    def arrived() -> set[str]:
        return {
            mail.transport
            for mail in peers.inbox.mails()
            if any(each.content == PDF for each in mail.attachments)
        }

    until(lambda: arrived() == {"hve", "acs"})
    until(lambda: not blob.exists())
    assert len([m for m in peers.inbox.mails() if m.scan_id]) == 2


@pytest.mark.parametrize("name", ["receive", "retry", "report"])
def test_nonsense_in_a_queue_is_no_poison(running, name):
    """It ends in a log line."""
    peers, functions = running
    queue = peers.azurite.queues().get_queue_client(QUEUES[name])
    poison = peers.azurite.queues().get_queue_client(f"{QUEUES[name]}-poison")
    for text in ("nonsense", json.dumps({"data": 1}), json.dumps(an_event("x/y"))):
        queue.send_message(base64.b64encode(text.encode()).decode())
    until(lambda: queue.get_queue_properties().approximate_message_count == 0)
    assert poison.get_queue_properties().approximate_message_count == 0
    assert functions.is_running
