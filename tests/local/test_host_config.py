"""host.json, its overrides, `%SETTING%`, connections, routes and trigger metadata."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.host.config import (
    AppError,
    QueueOptions,
    is_disabled,
    read_options,
    resolve,
)
from local.host.connections import Message, queue_service
from local.host.front import route_of
from local.host.trigger import queue_metadata
from local.host.worker import Function

ENDPOINT = "QueueEndpoint=http://127.0.0.1:1/{0};AccountName={0};AccountKey=a2V5"


def test_without_host_json_the_host_s_defaults_hold(tmp_path):
    """16 and 8, a minute, five attempts, base64."""
    assert read_options(tmp_path, {}).queues == QueueOptions(
        batch_size=16,
        new_batch_threshold=8,
        max_polling_interval=timedelta(minutes=1),
        visibility_timeout=timedelta(0),
        max_dequeue_count=5,
        is_base64=True,
    )


def test_host_json_is_heeded(tmp_path):
    """Every key of `extensions.queues`, and the prefix of routes."""
    queues = {
        "batchSize": 4,
        "maxPollingInterval": "00:00:02.500",
        "visibilityTimeout": "1.00:00:30",
        "maxDequeueCount": 9,
        "messageEncoding": "none",
    }
    text = json.dumps({"extensions": {"queues": queues, "http": {"routePrefix": ""}}})
    (tmp_path / "host.json").write_text(text)
    options = read_options(tmp_path, {})
    assert options.route_prefix == ""
    assert options.queues == QueueOptions(
        batch_size=4,
        new_batch_threshold=2,
        max_polling_interval=timedelta(seconds=2.5),
        visibility_timeout=timedelta(days=1, seconds=30),
        max_dequeue_count=9,
        is_base64=False,
    )


def test_environment_overrides_host_json(tmp_path):
    """`AzureFunctionsJobHost__…` wins, letter case aside."""
    (tmp_path / "host.json").write_text('{"extensions": {"queues": {"batchSize": 4}}}')
    name = "AzureFunctionsJobHost__extensions__QUEUES__batchsize"
    assert read_options(tmp_path, {name: "7"}).queues.batch_size == 7


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"extensions": {"queues": {"batchSize": 0}}}',
        '{"extensions": {"queues": {"visibilityTimeout": "30 s"}}}',
    ],
)
def test_broken_host_json_is_refused(tmp_path, text):
    """No JSON, a size out of range, no time span."""
    (tmp_path / "host.json").write_text(text)
    with pytest.raises(AppError):
        read_options(tmp_path, {})


def test_setting_stands_in_a_binding():
    """`%NAME%` is replaced wherever it stands."""
    assert resolve("a-%X%-%Y%", {"X": "1", "Y": "2"}) == "a-1-2"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", True), ("true", True), ("True", True), ("0", False), ("", False)],
)
def test_function_is_switched_off_by_its_setting(value, expected):
    """`AzureWebJobs.NAME.Disabled`."""
    assert is_disabled("sweep", {"AzureWebJobs.sweep.Disabled": value}) is expected


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({"Storage": ENDPOINT.format("own")}, "http://127.0.0.1:1/own"),
        (
            {
                "Storage": ENDPOINT.format("own"),
                "AzureWebJobsStorage": ENDPOINT.format("host"),
            },
            "http://127.0.0.1:1/host",
        ),
        (
            {
                "Storage__queueServiceUri": "https://a.queue.core.windows.net",
                "Storage__credential": "managedidentity",
            },
            "https://a.queue.core.windows.net/",
        ),
    ],
)
def test_connection_is_a_string_or_a_prefix(environ, address):
    """`Storage` means AzureWebJobsStorage before it means Storage."""
    assert queue_service("Storage", environ).client.url.rstrip("/") == address.rstrip(
        "/"
    )


@pytest.mark.parametrize(
    ("route", "path", "params"),
    [
        ("", "/api/health", {}),
        ("a/{b}", "/api/a/x%20y", {"b": "x%20y"}),
        ("a/{b?}", "/api/a", {"b": ""}),
        ("a/{b:int}", "/api/A/7", {"b": "7"}),
        ("{*rest}", "/api/x/y", {"rest": "x/y"}),
        ("a.c", "/api/abc", None),
        ("a/{b}", "/api/a", None),
    ],
)
def test_route_fits_a_path(route, path, params):
    """Parameters are whole segments; letter case of the rest does not count."""
    function = Function("health", "1", {"type": "httpTrigger", "route": route})
    found = route_of(function, "api").pattern.fullmatch(path)
    assert (found.groupdict("") if found else None) == params


def metadata(content: bytes) -> Any:
    """What a function would learn of a message, unwrapped."""
    moment = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    message = Message(
        id="1-2-3",
        receipt="pop",
        text="",
        dequeue_count=4,
        inserted=moment,
        expires=moment,
        next_visible=moment,
    )
    found = queue_metadata(message, content)
    return {name: (data.WhichOneof("data"), data) for name, data in found.items()}


def test_metadata_says_what_the_host_says():
    """Texts as text, numbers and times as JSON."""
    found = metadata(b"plain")
    assert {name: kind for name, (kind, _) in found.items()} == {
        "QueueTrigger": "string",
        "DequeueCount": "json",
        "ExpirationTime": "json",
        "Id": "string",
        "InsertionTime": "json",
        "NextVisibleTime": "json",
        "PopReceipt": "string",
    }
    assert found["DequeueCount"][1].json == "4"


def test_json_message_s_top_level_overrides_metadata():
    """Letter case aside; lists and nulls do not, an object stays JSON."""
    found = metadata(
        b'{"ID": "x", "dequeueCount": 7, "a": {"b": 1}, "c": [], "d": null}'
    )
    assert found["Id"][1].string == "x"
    assert found["DequeueCount"][1].string == "7"
    assert json.loads(found["a"][1].json) == {"b": 1}
    assert not {"c", "d", "ID"} & set(found)
