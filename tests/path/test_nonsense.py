"""Nonsense at the queues: whatever a message says, it harms no scan and no function."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shared import path
from shared.duty import Duty
from shared.errors import UnreachableError
from shared.model import State
from shared.row import operation_id_of
from shared.settle import order_of
from tests.makers import an_event
from tests.path.office import INSIDE, OUTSIDE
from tests.path.test_report import a_report

FUNCTIONS = (
    *("receive", "retry", "report"),
    *("abandon_events", "abandon_retries", "abandon_reports"),
)
ALONE = "\ud800"
"""Half of a pair: JSON can say it, UTF-8 cannot."""
TIMES = [
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59"),
    *("9999-12-31T23:59:59-23:59", "2026-11-21T12:00:00", "20261121", "soon"),
]
TEXTS = [ALONE, "", "a/b", "../..", "\x00", "ä\r\n", "x" * 5000, "'; drop", *TIMES]
THINGS: list[Any] = [None, True, -1, 10**400, 1.5, [], {"a": [ALONE]}, *TEXTS]
NO_IDS = ["20261121-0123456789abcdef012", "٢٠٢٦١١٢١-0123456789abcdef0123"]


def crashed(office, to=INSIDE):
    """A scan whose worker died in the middle of a mail; and its event."""
    office.inside.script = [SystemExit()]
    event = office.put(to=to)
    with pytest.raises(SystemExit):
        path.receive_event(office.works, event)
    return event, office.newest()


@pytest.mark.parametrize("key", ["eTag", "identity", "url", "contentLength"])
@pytest.mark.parametrize("value", THINGS, ids=range(len(THINGS)))
def test_event_with_nonsense_in_its_data_is_no_poison(office, key, value):
    """The blob decides: where there is one under that name, it is mailed."""
    event = json.loads(office.put())
    event["data"] |= {"api": "SftpCommit", key: value}
    path.receive_event(office.works, json.dumps(event))
    assert [row.state for row in office.rows()] == [State.SENT]


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("value", TIMES)
def test_event_of_an_impossible_time_is_no_poison(office, value, is_there):
    """Nobody's clock makes a good scan end as `poisoned`."""
    for key in ("eventTime", "time"):
        if is_there:
            office.put()
        event = an_event("mfp/scan.pdf", eTag="0x1") | {"eventTime": None, key: value}
        path.receive_event(office.works, json.dumps(event))
    assert [row.state for row in office.rows()] == [State.SENT] * 2 * is_there


@pytest.mark.parametrize("function", ["retry", "abandon_retries"])
@pytest.mark.parametrize("value", [*THINGS, *NO_IDS], ids=range(len(THINGS) + 2))
def test_retry_that_names_no_scan_is_logged(office, function, value, caplog):
    """Nothing is asked of storage with a name that no row can have."""
    caplog.set_level("INFO", "scanpost")
    text = json.dumps({"scan": value, "next_attempt": "2026-11-21T12:00:00Z"})
    getattr(Duty(office.works), function)(text.encode())
    assert "retry message that" in caplog.text


@pytest.mark.parametrize("value", THINGS, ids=range(len(THINGS)))
def test_retry_with_an_impossible_time_is_no_poison(office, value):
    """A row whose lease has ended compares it with its own times."""
    _, row = crashed(office)
    office.later(minutes=11)
    for function in ("retry", "abandon_retries"):
        body = order_of(row, office.clock()) | {"next_attempt": value, "by": value}
        getattr(Duty(office.works), function)(json.dumps(body).encode())
    assert len(office.inside.taken) <= 1


def test_wrapped_messages_wait_for_a_live_lease(office):
    """Event Grid may deliver a list of one: it is put back without the list."""
    event, row = crashed(office, f"{INSIDE},{OUTSIDE}")
    duty, said = Duty(office.works), a_report(operation_id_of(row.scan_id, 1, 0))
    duty.report(f"[{said}]".encode())
    duty.abandon_events(f"[{event}]".encode())
    assert office.reread(row) == row
    for queue in ("delivery-reports", "scan-events-poison"):
        assert office.messages(queue) == 1


def test_words_of_a_report_are_made_plain(office):
    """A row holds no half of a pair, and a line no line end."""
    row = office.scan(to=OUTSIDE)
    said = json.loads(a_report(operation_id_of(row.scan_id, 0, 0)))
    said["data"]["deliveryStatusDetails"] = {"statusMessage": f"550{ALONE}\r\nno"}
    Duty(office.works).report(json.dumps(said).encode())
    assert office.reread(row).plan[0].bounced == {OUTSIDE: "Bounced: 550 no"}


@pytest.fixture(scope="module")
def messages(azurite):
    """An office with a row of each kind, and messages that speak of them."""
    from tests.path.office import Office

    office = Office(azurite)
    _, sending = crashed(office, f"{INSIDE},{OUTSIDE}")
    office.inside.script = [UnreachableError("down")]
    waiting = office.receive(office.put("mfp/waiting.pdf"))
    sent = office.receive(office.put("mfp/sent.pdf", to=OUTSIDE))
    texts = [
        *(office.put("mfp/new.pdf"), json.dumps(an_event(sending.path))),
        json.dumps(order_of(sending, datetime(2026, 11, 21, tzinfo=UTC))),
        json.dumps(order_of(waiting, waiting.next_attempt or office.clock())),
        a_report(operation_id_of(sent.scan_id, 0, 0)),
        a_report(operation_id_of(sending.scan_id, 1, 0), cloud=True),
    ]
    yield office, [json.loads(text) for text in texts]
    office.clear()


def spoiled(body, value):
    """A good message with each of its values exchanged in turn, bare or in a list."""
    for outer in body:
        yield body | {outer: value}
        yield [body | {outer: value}]
    for inner in body.get("data", ()):
        yield body | {"data": body["data"] | {inner: value}}


@pytest.mark.parametrize(
    "value", [None, 5, {"a": [ALONE]}, ALONE, *TIMES[:1]], ids=ascii
)
def test_no_value_makes_a_function_fail(messages, value):
    """Whichever function a message comes to, and whatever stands in it."""
    office, bodies = messages
    duty = Duty(office.works)
    for body in bodies:
        for shape in (value, [body, body], [[body]], *spoiled(body, value)):
            for function in FUNCTIONS:
                getattr(duty, function)(json.dumps(shape).encode())
