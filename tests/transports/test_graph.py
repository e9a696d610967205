"""Microsoft Graph over real sockets: drafts, look-ups, limits, mailboxes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local.graph import DRAFTS, Mailboxes
from local.web import Fault, Moment, Response
from shared.errors import (
    AuthRefusedError,
    DuplicateError,
    InvalidScanError,
    SenderRefusedError,
    TooLargeError,
    UnconfirmedError,
    UnreachableError,
)
from shared.model import Fate
from shared.transports.clouds import GCC_HIGH, PUBLIC
from shared.transports.coding import wrapped_size
from shared.transports.graph import LARGE, SMALL

from .conftest import Stage
from .makers import SENDER, File, Lying, a_message
from .rigs import GRAPH

BIG = a_message(size=SMALL)


def send_big(stage: Stage, fault: BaseException | None = None) -> None:
    """Send a mail whose file is uploaded."""
    stage.build(GRAPH).send(BIG, File(b"x" * SMALL, fault=fault), stage.lease)


@pytest.mark.parametrize(
    ("where", "fault", "error"),
    [
        ("/messages", Fault(Moment.AFTER, method="POST"), UnreachableError),
        ("createUpload", Fault(Moment.ANSWER, Response(504)), UnreachableError),
        ("Sessions", Fault(Moment.ANSWER, Response(503)), UnreachableError),
        ("Sessions", Fault(Moment.AFTER), UnreachableError),
        ("/send", Fault(Moment.ANSWER, Response(403)), AuthRefusedError),
        ("/send", Fault(Moment.ANSWER, Response(504)), UnconfirmedError),
        ("/send", Fault(Moment.AFTER), UnconfirmedError),
    ],
)
def test_no_draft_outlives_its_mail(where: str, fault: Fault, error, stage: Stage):
    """A draft goes at once, or when the mail is looked for; then it is known."""
    graph = stage.peers.graph
    for server in (graph.server, graph.uploads):
        server.faults.add(replace(fault, path=where))
    with pytest.raises(error):
        send_big(stage)
    was_sent = len(graph.mails) == 1
    is_unknown = where == "/messages" or error is UnconfirmedError
    assert len(graph.folder(DRAFTS)) == (is_unknown and not was_sent)

    finding = stage.build(GRAPH).look_up(BIG)

    assert finding
    assert finding.fate is (Fate.ACCEPTED if was_sent else Fate.UNKNOWN)
    assert not graph.folder(DRAFTS)


def test_resend_removes_what_a_crash_left_and_never_sends_twice(stage: Stage):
    """The Message-ID finds drafts and mails; and the file's own fault stays first."""
    graph = stage.peers.graph
    graph.server.faults.add(Fault(Moment.ANSWER, Response(503), method="DELETE"))
    with pytest.raises(InvalidScanError) as caught:
        send_big(stage, InvalidScanError("cut off"))
    assert "draft" in caught.value.__notes__[0]
    assert len(graph.folder(DRAFTS)) == 1

    send_big(stage)
    with pytest.raises(DuplicateError):
        send_big(stage)

    assert not graph.folder(DRAFTS)
    (mail,) = graph.mails
    assert mail.sent.attachments[0].content == b"x" * SMALL


@pytest.mark.parametrize(("cloud", "most"), [(PUBLIC, LARGE), (GCC_HIGH, SMALL - 1)])
def test_limit_is_that_of_the_file(cloud, most: int, stage: Stage):
    """A plan lets 150 MB pass; where nothing is uploaded, what a request holds."""
    transport = stage.build(GRAPH, GRAPH_ENDPOINT=cloud.graph)
    assert transport.carries.max_bytes == wrapped_size(most) + 8192

    with pytest.raises(TooLargeError):
        transport.send(a_message(size=most + 1), Lying(b"", most + 1), stage.lease)


def test_each_mailbox_sends_for_those_it_may(stage: Stage):
    """Several share the load; what is not granted names the cmdlet that grants it."""
    graph, other, author = stage.peers.graph, "scans2@contoso.com", "jane@contoso.com"
    both = frozenset({SENDER, other})
    transport = stage.build(GRAPH, GRAPH_SENDER=f"{SENDER}, {other}")
    message = a_message(sender=other, author=author)
    graph.mailboxes = replace(graph.mailboxes, out_of_scope=both)
    with pytest.raises(AuthRefusedError, match="New-ManagementRoleAssignment"):
        transport.check()
    graph.mailboxes = Mailboxes(issuer=stage.peers.issuer, in_scope=both)
    assert other in transport.check()
    with pytest.raises(SenderRefusedError, match="Add-RecipientPermission"):
        stage.send(transport, message)
    graph.mailboxes = replace(graph.mailboxes, send_as={other: frozenset({author})})

    stage.send(transport, message)

    (mail,) = graph.mails
    assert (mail.mailbox, mail.sent.author) == (other, author)
    assert (mail.sent.reply_to, mail.sent.html) == ((message.reply_to,), message.html)
