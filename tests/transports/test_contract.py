"""The contract: what `base.Transport` promises, kept by every registered transport."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from shared import transports
from shared.errors import (
    InvalidScanError,
    PermanentError,
    TooLargeError,
    TransientError,
    UnconfirmedError,
)
from shared.model import Fate
from shared.transports.base import Reach
from tests.faults import TROUBLES, Trouble

from .conftest import Stage, sockets_and_threads, wait_until, wait_until_quiet
from .makers import END, FILE, File, Lying, a_message, another_message
from .rigs import ACS, HASTY, OUTBOX, PATIENT, RIGS, Rig

HANDS = ("tests/transports/makers.py", "shared/*", "http/client.py", "azure/core/*")
"""Who makes what could be held of a file; the stand-ins hold all of it in the end."""
SPEAKERS = tuple(rig for rig in RIGS if rig.speaks)
each_rig = pytest.mark.parametrize("rig", RIGS, ids=lambda rig: rig.label)
each_speaker = pytest.mark.parametrize("rig", SPEAKERS, ids=lambda rig: rig.label)


def troubled(troubles: Iterable[Trouble]) -> pytest.MarkDecorator:
    """Every transport with every fault that it can meet."""
    cases = [
        pytest.param(rig, trouble, id=f"{rig.label}: {trouble.name}")
        for trouble in troubles
        for rig in SPEAKERS
        # The two ways to sign in to ACS differ in no answer.
        if trouble.speaks == rig.speaks and rig.label != "acs-identity"
        if rig.signs_in or not trouble.signs_in
    ]
    return pytest.mark.parametrize(("rig", "trouble"), cases)


def test_every_transport_is_under_contract():
    """A transport that is registered has a rig here."""
    assert {rig.name for rig in RIGS} == set(transports.registered())


@each_rig
def test_transport_presents_itself(rig: Rig, stage: Stage):
    """A transport knows its own name, its sender, and what it can carry."""
    transport = stage.build(rig)

    assert transport.name == rig.name
    assert all(sender.count("@") == 1 for sender in transport.senders)
    assert (transport.endpoint is None) == (rig is OUTBOX)
    assert transport.carries.max_recipients == 50
    assert (transport.reach is Reach.NOBODY) == (rig is OUTBOX)


@each_rig
def test_mail_arrives_once_and_whole(rig: Rig, stage: Stage):
    """A receipt means: accepted once, for everybody, with the file's own bytes."""
    transport = stage.build(rig)
    message = a_message(
        cc=("anna@contoso.com",), bcc=("ben@contoso.com", "office@contoso.com")
    )

    receipt = stage.send(transport, message)

    (arrived,) = stage.arrived(rig, transport)
    assert sorted(set(arrived.recipients)) == sorted(message.recipients)
    assert arrived.file == FILE
    assert not receipt.refused
    assert not receipt.deferred


@each_rig
@pytest.mark.parametrize("size", [1, 57, 58_368, 300_001, 4_000_001])
@pytest.mark.parametrize("piece", [997, 65_536])
def test_file_of_any_length_arrives(rig: Rig, size: int, piece: int, stage: Stage):
    """Neither a file's length nor its pieces change what arrives."""
    transport = stage.build(rig)
    data = (FILE * (size // len(FILE) + 1))[:size]

    transport.send(a_message(size=size), File(data, piece=piece), stage.lease)

    assert stage.arrived(rig, transport)[0].file == data


@each_speaker
def test_size_is_known_before(rig: Rig, stage: Stage):
    """`size_of` is what goes over the wire, to the byte."""
    transport = stage.build(rig)
    message = a_message(text="a\n.\n..b\n", html="<p>ä</p>\n." * 40)

    stage.send(transport, message)

    assert len(stage.arrived(rig, transport)[0].wire) == transport.size_of(message)


@each_rig
def test_equal_messages_give_equal_bytes(rig: Rig, stage: Stage):
    """A mail sent again, by another worker, in other pieces, is the same mail."""
    first, second = stage.build(rig), stage.build(rig)
    first.send(a_message(), File(piece=1000), stage.lease)
    before = stage.arrived(rig, first)[0].wire
    stage.peers.forget()

    second.send(a_message(), File(piece=77), stage.lease)

    assert stage.arrived(rig, second)[0].wire == before


@each_rig
def test_notice_has_no_attachment(rig: Rig, stage: Stage):
    """A message without an attachment's name is a mail without attachment."""
    transport = stage.build(rig)
    message = a_message(attachment="", size=0)

    transport.send(message, File(b""), stage.lease)

    assert stage.arrived(rig, transport)[0].file == b""


@each_rig
@pytest.mark.parametrize(
    "fault", [InvalidScanError("cut off"), RuntimeError("?"), ConnectionResetError("!")]
)
@pytest.mark.parametrize("size", [0, 5_000, 400_000, 4_000_000])
def test_broken_file_is_no_mail(rig: Rig, fault: Exception, size: int, stage: Stage):
    """Whatever reading the file raises goes through, and nothing was accepted."""
    transport = stage.build(rig)
    file = File(b"x" * size, fault=fault)

    with pytest.raises(type(fault)) as caught:
        transport.send(a_message(size=size), file, stage.lease)

    assert caught.value is fault
    assert not stage.arrived(rig, transport)
    stage.send(transport, another_message())
    assert len(stage.arrived(rig, transport)) == 1


@each_speaker
@pytest.mark.parametrize("says", [len(FILE) - 1, len(FILE) + 1])
def test_file_of_another_length_is_no_mail(rig: Rig, says: int, stage: Stage):
    """A file that is not as long as it said breaks the mail off."""
    transport = stage.build(rig)

    with pytest.raises(TransientError):
        transport.send(a_message(size=says), Lying(FILE, says), stage.lease)

    assert not stage.arrived(rig, transport)


@each_rig
def test_deadline_that_has_passed_stops_the_mail(rig: Rig, stage: Stage):
    """No mail is completed after the lease's end less its margin."""
    transport = stage.build(rig)

    with pytest.raises(TransientError):
        transport.send(a_message(), File(), stage.clock.later(-1))

    assert not stage.arrived(rig, transport)


@each_rig
@pytest.mark.parametrize("size", [600_000, 4_000_000])
@pytest.mark.parametrize("piece", [0, 5, END])
def test_deadline_that_passes_underway_stops_the_mail(
    rig: Rig, piece: int, size: int, stage: Stage
):
    """A deadline that passes while the file is read breaks the mail off."""
    transport, end = stage.build(rig), stage.lease

    def pass_time(number: int) -> None:
        if number == piece:
            stage.clock.now = end

    file = File(b"x" * size, piece=100_000, on_piece=pass_time)

    with pytest.raises(TransientError):
        transport.send(a_message(size=file.size), file, end)

    assert not stage.arrived(rig, transport)


@each_speaker
def test_too_large_a_mail_is_not_read(rig: Rig, stage: Stage):
    """What is larger than the peer takes is refused before a byte of it is read."""
    transport = stage.build(rig)
    file = Lying(b"", 300_000_000)

    with pytest.raises(TooLargeError):
        transport.send(a_message(size=file.size), file, stage.lease)

    assert file.readings == 0
    assert not stage.arrived(rig, transport)


@each_speaker
def test_file_is_never_held_whole(rig: Rig, stage: Stage):
    """Of a file of 6 MB no more than a few pieces are in memory at any time."""
    hands = [tracemalloc.Filter(True, f"*/{each}") for each in HANDS]
    held = []

    def look(number: int) -> None:
        if number % 30 == 29:
            found = tracemalloc.take_snapshot().filter_traces(hands)
            held.append(sum(trace.size for trace in found.traces))

    transport = stage.build(rig)
    stage.send(transport, another_message())
    file = File(b"x" * 6_000_000, on_piece=look)
    tracemalloc.start()
    try:
        message = another_message(size=file.size)
        transport.send(message, file, stage.lease)
    finally:
        tracemalloc.stop()

    assert len(held) >= 3
    assert max(held) < 1_000_000


@each_rig
def test_many_threads_send_at_once(rig: Rig, stage: Stage):
    """Mails of many threads arrive once each, none mixed with another."""
    transport = stage.build(rig)
    files = {f"{n}.pdf": bytes([n]) * (50_000 + n) for n in range(24)}
    together = threading.Barrier(8)

    def send(name: str) -> None:
        together.wait(timeout=10)
        message = another_message(attachment=name, size=len(files[name]))
        transport.send(message, File(files[name]), stage.lease)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, files))

    arrived = stage.arrived(rig, transport)
    assert sorted(each.file for each in arrived) == sorted(files.values())


@each_rig
def test_closed_transport_leaves_nothing_behind(rig: Rig, stage: Stage):
    """After `close` no socket and no thread of the transport is left."""
    # What libraries keep for good is there after a first time.
    first = stage.build(rig)
    stage.send(first, another_message())
    first.close()
    wait_until_quiet()
    before = sockets_and_threads()
    transport = rig.build(stage.peers, stage.clock)
    transport.check()
    for _ in range(3):
        stage.send(transport, another_message())

    transport.close()

    wait_until(lambda: sockets_and_threads() <= before)


@troubled(TROUBLES)
def test_trouble_gives_its_answer(rig: Rig, trouble: Trouble, stage: Stage):
    """A fault gives its one answer; and only what the peer took counts as taken."""
    message = another_message(size=trouble.size or len(FILE))
    file = File(b"x" * trouble.size) if trouble.size else File()
    with ExitStack() as stack:
        changes = trouble.lay(stage.peers, stack)
        transport = stage.build(rig, HASTY if trouble.is_slow else PATIENT, **changes)
        with pytest.raises(trouble.error) as caught:
            transport.send(message, file, stage.lease)

    assert len(stage.arrived(rig, transport)) == trouble.accepted
    assert caught.value.what
    assert caught.value.retry_after == trouble.retry_after


@troubled(trouble for trouble in TROUBLES if not trouble.is_elsewhere)
def test_transport_goes_on_after_trouble(rig: Rig, trouble: Trouble, stage: Stage):
    """A fault that has passed does not trouble the next mail."""
    with ExitStack() as stack:
        assert not trouble.lay(stage.peers, stack), "the peer itself is wrong"
        transport = stage.build(rig, HASTY if trouble.is_slow else PATIENT)
        size = trouble.size or len(FILE)
        with pytest.raises(trouble.error):
            transport.send(another_message(size=size), File(b"x" * size), stage.lease)
    stage.peers.forget()

    stage.send(transport, another_message())

    assert len(stage.arrived(rig, transport)) == 1


@each_speaker
@pytest.mark.parametrize("field", ["subject", "attachment", "message_id", "reply_to"])
@pytest.mark.parametrize("bad", ["\r\nBcc: eve@fabrikam.com", "\n.\n", "\0", "\x85"])
def test_control_characters_stop_the_mail(rig: Rig, field: str, bad: str, stage: Stage):
    """What could break a header never leaves, whoever let it come so far."""
    transport = stage.build(rig)
    message = a_message(**{field: f"a{bad}b"})

    with pytest.raises(PermanentError):
        stage.send(transport, message)

    assert not stage.arrived(rig, transport)


@each_speaker
@pytest.mark.parametrize(
    "who",
    [
        "a@b.com>\r\nRCPT TO:<eve@fabrikam.com",
        "a b@c.com",
        "<a@b.com>",
        "a,e@b.com",
        "ä@b.com",
    ],
)
def test_recipient_that_is_no_address_stops_the_mail(rig: Rig, who: str, stage: Stage):
    """Only bare addresses reach an envelope, blind copies too."""
    transport = stage.build(rig)

    with pytest.raises(PermanentError):
        transport.send(a_message(bcc=(who,)), File(), stage.lease)

    assert not stage.arrived(rig, transport)


@each_rig
def test_look_up_of_a_mail(rig: Rig, stage: Stage):
    """Who can be asked knows a mail that was accepted, and one that was not."""
    transport = stage.build(rig)
    sent, unsent = another_message(), another_message()
    stage.send(transport, sent)

    known, unknown = transport.look_up(sent), transport.look_up(unsent)

    if not transport.carries.looks_up:
        assert known is unknown is None
        return
    assert known is not None
    assert unknown is not None
    assert (known.fate, unknown.fate) == (Fate.ACCEPTED, Fate.UNKNOWN)


@each_rig
def test_check_says_what_it_saw(rig: Rig, stage: Stage):
    """`check` signs in, sends nothing, and says in one line what it saw."""
    transport = stage.build(rig)

    said = transport.check()

    assert said
    assert "\n" not in said
    assert not stage.arrived(rig, transport)


def test_repeat_by_acs_is_refused_as_such(stage: Stage):
    """A transport whose peer knows its mails never sends one of them twice."""
    transport = stage.build(ACS)
    stage.send(transport, a_message())

    with pytest.raises(UnconfirmedError):
        stage.send(transport, a_message())

    assert len(stage.peers.acs.mails) == 1
