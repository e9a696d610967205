"""The product's own functions, as the worker library describes them to any host."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from local.azurite import Azurite
from tests.local.hosts import ROOT

SCRIPT = """
import json, pathlib
from local.host.worker import Worker
worker = Worker(pathlib.Path.cwd())
print(json.dumps({each.name: each.trigger for each in worker.functions}))
"""


@pytest.fixture(scope="module")
def triggers() -> dict[str, dict[str, object]]:
    """Function -> its trigger, as function.json would hold it."""
    settings = {
        "SCAN_STORAGE": Azurite().connection_string,
        "INTERNAL_DOMAINS": "contoso.com",
        "HVE_SENDER": "scans@contoso.com",
        "HVE_PASSWORD": "made up",
    }
    done = subprocess.run(  # noqa: S603 (our own words)
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, object]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("name", "queue"),
    [
        ("receive", "scan-events"),
        ("retry", "scan-retries"),
        ("report", "delivery-reports"),
        ("abandon_events", "scan-events-poison"),
        ("abandon_retries", "scan-retries-poison"),
        ("abandon_reports", "delivery-reports-poison"),
    ],
)
def test_queue_has_its_function(triggers, name, queue):
    """Every queue is read by one function, by the connection of the contract."""
    assert triggers[name] == {
        "name": "msg",
        "type": "queueTrigger",
        "direction": "IN",
        "queueName": queue,
        "connection": "SCAN_STORAGE",
    }


def test_sweep_runs_by_its_setting(triggers):
    """The schedule is a setting, which the host puts in its place."""
    assert triggers["sweep"]["type"] == "timerTrigger"
    assert triggers["sweep"]["schedule"] == "%SWEEP_SCHEDULE%"


@pytest.mark.parametrize(
    ("name", "level"), [("health", "ANONYMOUS"), ("health_detail", "FUNCTION")]
)
def test_health_is_open_and_its_details_are_not(triggers, name, level):
    """Anybody may ask whether it is well; what is wrong needs the key."""
    trigger = triggers[name]
    assert (trigger["type"], trigger["authLevel"]) == ("httpTrigger", level)
    assert (trigger["route"], trigger["methods"]) == (name, ["GET"])


def test_there_are_no_other_functions(triggers):
    """The contract names nine."""
    assert set(triggers) == {
        *("receive", "retry", "report", "sweep", "health", "health_detail"),
        *("abandon_events", "abandon_retries", "abandon_reports"),
    }
