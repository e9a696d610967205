"""The host runs a real app in the worker library: queues, timer, HTTP, its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from local.azurite import Azurite
from local.identity import IdentityEndpoint
from local.tokens import Issuer
from tests.local.hosts import (
    ROOT,
    SAMPLE_APP,
    HostProcess,
    new_queue,
    poison_of,
    settings,
    until,
)


@pytest.fixture(scope="module")
def work(azurite):
    """The queue of the module's host."""
    return new_queue(azurite)


@pytest.fixture(scope="module")
def host(azurite, work) -> Iterator[HostProcess]:
    """One host for the tests that need nothing special."""
    switched = {
        "AzureWebJobs.broken.Disabled": "0",
        "AzureWebJobs.abandon.Disabled": "1",
    }
    with HostProcess(**settings(azurite, work), **switched) as running:
        yield running


def heard(line: str) -> Any:
    """What the sample app logged of a message."""
    return json.loads(line[line.index("{") :])


def test_message_reaches_its_function_and_is_deleted(host, work):
    """A message is decoded, handed over once, and gone when the function returned."""
    sent = work.send_message("an ordinary one")
    said = heard(host.wait_for("worked .*an ordinary one")[0])
    assert said == {"body": "an ordinary one", "id": sent.id, "count": 1}
    until(lambda: not work.get_queue_properties().approximate_message_count)


def test_many_messages_are_each_worked_once(host, work):
    """Messages run side by side; none is lost and none is handed over twice."""
    for number in range(60):
        work.send_message(f"many-{number:02}")
    lines = host.wait_for("worked .*many-", times=60)
    assert sorted(heard(each)["body"] for each in lines) == [
        f"many-{number:02}" for number in range(60)
    ]


def test_json_message_overwrites_what_the_function_learns_of_it(host, work):
    """A top-level `id` stands where the message's own id was (worker issue 1373)."""
    work.send_message(json.dumps({"id": "of the event", "other": [1]}))
    assert heard(host.wait_for("worked .*of the event")[0])["id"] == "of the event"


def test_failing_message_comes_again_and_then_is_poison(azurite, host, work):
    """After maxDequeueCount attempts it lies in the poison queue, as it was."""
    work.send_message("fail for good")
    lines = host.wait_for("failing .*fail for good", times=2)
    assert [heard(each)["count"] for each in lines] == [1, 2]
    host.wait_for("a message of work is poison now")
    message = poison_of(azurite, work).receive_message()
    assert message is not None
    assert message.content == "ZmFpbCBmb3IgZ29vZA=="


def test_exception_is_logged_on_one_line(host, work):
    """Whoever reads lines reads the whole of it."""
    work.send_message("fail on one line")
    host.wait_for("work failed: ValueError: first line | second line")


def test_message_that_is_no_base64_is_poison_unseen(azurite, host, work):
    """The function never sees it."""
    raw = work.from_connection_string(azurite.connection_string, work.queue_name)
    raw.send_message("<not base64>")
    poison = poison_of(azurite, work)
    until(
        lambda: any(
            each.content == "<not base64>"
            for each in poison.peek_messages(max_messages=32)
        )
    )
    assert not host.find("not base64")


def test_http_function_gets_route_and_query(host):
    """A route's parameter and the query reach the function; its answer goes back."""
    answer = host.request("GET", "/api/open/word?q=7")
    assert (answer.status_code, answer.text) == (202, "word 7")
    assert answer.headers["x-said"] == "yes"


def test_optional_route_parameter_may_be_missing(host):
    """`{word?}` need not be there."""
    assert host.request("GET", "/api/open").status_code == 202


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({}, "", 401),
        ({"x-functions-key": "wrong"}, "", 401),
        ({"x-functions-key": "the-key"}, "", 200),
        ({}, "?code=the-key", 200),
    ],
)
def test_closed_function_wants_the_key(host, headers, query, status):
    """By header or by query, and only the right one."""
    answer = host.request("POST", f"/api/closed{query}", headers=headers, data=b"\0x")
    assert answer.status_code == status
    assert answer.content == (b"\0x" if status == 200 else b"")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/api/open", 405),
        ("GET", "/api/nothing", 404),
        ("GET", "/open", 404),
        ("GET", "/api/broken", 500),
        ("POST", "/admin/functions/tick", 401),
    ],
)
def test_request_that_cannot_be_served_says_so(host, method, path, status):
    """Wrong method, no such route, a function that fails, no key."""
    assert host.request(method, path).status_code == status


def test_timer_is_started_by_hand(host):
    """`/admin/functions/NAME` starts one, with the key."""
    key = {"x-functions-key": "the-key"}
    answer = host.request("POST", "/admin/functions/tick", headers=key, json={})
    assert answer.status_code == 202
    host.wait_for("ticked False")


def test_queue_function_is_started_by_hand_with_its_input(host):
    """The given text stands for the message."""
    key, given = {"x-functions-key": "the-key"}, {"input": "by hand"}
    host.request("POST", "/admin/functions/work", headers=key, json=given)
    host.wait_for("worked .*by hand")


def test_disabled_function_is_not_called(host):
    """`AzureWebJobs.NAME.Disabled` switches it off: its poison stays where it is."""
    assert not host.find("abandoned")


def test_poison_queue_s_own_function_is_called(azurite):
    """What was given up comes to the function that listens to the poison queue."""
    queue = new_queue(azurite)
    with HostProcess(**settings(azurite, queue)) as own:
        queue.send_message("fail and be abandoned")
        own.wait_for("abandoned .*fail and be abandoned")


def test_message_in_work_stays_invisible(azurite):
    """Its lease is renewed for as long as the function runs."""
    queue = new_queue(azurite)
    with HostProcess("--lease", "1", **settings(azurite, queue)) as own:
        queue.send_message("sleep 2.5")
        own.wait_for("worked .*sleep")
        assert len(own.find("sleeping")) == 1


def test_killed_host_loses_no_message(azurite):
    """What it was working on comes again when the lease is over."""
    queue = new_queue(azurite)
    known = settings(azurite, queue)
    queue.send_message("sleep 60")
    with HostProcess("--lease", "1", **known) as own:
        own.wait_for("sleeping")
    with HostProcess("--lease", "1", **known) as own:
        assert heard(own.wait_for("sleeping")[0])["count"] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_host_finishes_what_it_does(azurite, number):
    """It takes nothing more, lets the function return, deletes the message, ends 0."""
    queue = new_queue(azurite)
    with HostProcess(**settings(azurite, queue)) as own:
        queue.send_message("sleep 0.4")
        own.wait_for("sleeping")
        own.process.send_signal(number)
        assert own.ended() == 0
        assert own.find("worked")
    assert not queue.get_queue_properties().approximate_message_count


def test_host_ends_when_whoever_started_it_does(azurite):
    """With --until-eof it lives no longer than the other end of its input."""
    known = settings(azurite, new_queue(azurite))
    with HostProcess("--until-eof", **known) as own:
        assert own.process.stdin
        own.process.stdin.close()
        assert own.ended() == 0


def test_host_ends_where_nobody_reads_what_it_says(azurite):
    """Whoever started it died before it was ready: its output leads nowhere."""
    known = settings(azurite, new_queue(azurite))
    read, write = os.pipe()
    os.close(read)
    with subprocess.Popen(  # noqa: S603 (our own words)
        [sys.executable, "-m", "local.host", "--app", str(SAMPLE_APP), "--until-eof"],
        cwd=ROOT,
        env={**os.environ, "TICK": "0 0 0 1 1 *", **known},
        stdin=subprocess.DEVNULL,
        stdout=write,
        stderr=write,
    ) as process:
        os.close(write)
        try:
            assert process.wait(20) == 0
        finally:
            process.kill()


def test_timer_ticks_in_one_of_two_hosts_only(azurite):
    """The singleton: a second host of the same storage stays silent."""
    known = settings(azurite, new_queue(azurite)) | {"TICK": "* * * * * *"}
    with HostProcess(**known) as one, HostProcess(**known) as other:
        until(lambda: len(one.find("ticked")) + len(other.find("ticked")) >= 2)
        assert not (one.find("ticked") and other.find("ticked"))


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"WORK_QUEUE": ""}, "the setting WORK_QUEUE is missing"),
        ({"SAMPLE_STORAGE": ""}, "the connection SAMPLE_STORAGE is not set"),
        ({"SAMPLE_STORAGE": "nonsense"}, "SAMPLE_STORAGE: "),
        ({"TICK": "soon"}, "tick: 'soon' has 1 fields, not 6"),
        (
            {"AzureFunctionsJobHost__extensions__queues__batchSize": "33"},
            "extensions.queues.batchSize is 33: 1 to 32",
        ),
    ],
)
def test_wrong_setting_stops_the_start(azurite, env, words):
    """The host ends at once with 2 and names the setting."""
    known = {"SAMPLE_STORAGE": azurite.connection_string, "WORK_QUEUE": "work"}
    with HostProcess(**known | env) as host:
        assert host.ended() == 2
        assert words in host.lines[-1]


def test_broken_app_stops_the_start(tmp_path):
    """The library's own words say what cannot be loaded."""
    (tmp_path / "function_app.py").write_text("import there_is_no_such_module\n")
    with HostProcess("--app", str(tmp_path)) as host:
        assert host.ended() == 2
        assert "there_is_no_such_module" in host.lines[-1]


def test_host_survives_storage_that_is_away():
    """It goes on asking, and serves when storage is back."""
    with Azurite() as own_azurite:
        queue = new_queue(own_azurite)
        with HostProcess(**settings(own_azurite, queue)) as host:
            own_azurite.stop()
            host.wait_for("cannot be read")
            own_azurite.start()
            new_queue(own_azurite, queue.queue_name).send_message("after the outage")
            host.wait_for("worked .*after the outage")


def test_managed_identity_opens_the_queues(tls):
    """`__queueServiceUri`, with tokens from where App Service gives them."""
    issuer = Issuer("11111111-1111-4111-8111-111111111111")
    # Azurite takes the issuer that managed identities have, and no other.
    issuer.name = f"https://sts.windows.net/{issuer.tenant}/"
    identity = IdentityEndpoint(issuer, "the-client", "the-object")
    with Azurite(tls=tls) as secure, identity.server:
        queue = secure.queues().get_queue_client("work")
        queue.create_queue()
        known = {
            "SAMPLE_STORAGE__queueServiceUri": secure.endpoint("queue"),
            "SAMPLE_STORAGE__credential": "managedidentity",
            "SAMPLE_STORAGE__clientId": "the-client",
            "REQUESTS_CA_BUNDLE": str(tls.authority),
            "WORK_QUEUE": "work",
        }
        with HostProcess(**known, **identity.environment) as host:
            queue.send_message("b3Zlcg==")
            host.wait_for("worked .*over")
