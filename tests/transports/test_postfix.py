"""Each SMTP transport against Debian's Postfix and Dovecot, strangers to us."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.entra import Application, Entra
from shared.errors import (
    AuthRefusedError,
    RecipientRefusedError,
    TooLargeError,
    TransientError,
    UnreachableError,
)
from shared.model import Message
from shared.transports import mime
from shared.transports.base import Transport
from shared.transports.coding import wrapped

from . import postfix as real
from .conftest import Stage, wait_until
from .makers import FILE, SENDER, File, a_message, another_message
from .peers import APPLICATION, PASSWORD, SECRET, TENANT, Peers, parsed
from .postfix import SIZE, UNKNOWN, Issues, Post, Postfix
from .rigs import DIRECT, EXO, HVE, RELAY, SMTP, Rig

pytestmark = pytest.mark.skipif(bool(real.why_not()), reason=real.why_not())
OUTSIDE = "eve@fabrikam.com"
INSIDE = ("anna@contoso.com", "ben@contoso.com")


class Town:
    """Postfix, an Entra whose tokens it takes, and the certificates it lets through."""

    def __init__(self, peers: Peers) -> None:
        authority = peers.authority
        self.own, self.renewed = (authority.issue("scanpost") for _ in range(2))
        self.issuer = Issues(TENANT)
        application = Application(client_id=APPLICATION, secret=SECRET)
        self.entra = Entra(self.issuer, application, authority.context())
        post = Post(
            authority=authority,
            issuer=self.issuer,
            accounts={SENDER: PASSWORD},
            clients=(self.own, self.renewed),
        )
        self.mail = Postfix(post)

    @property
    def settings(self) -> dict[str, str]:
        """What leads each transport here."""
        authority = {"AZURE_AUTHORITY_HOST": self.entra.server.url}
        return self.mail.settings | authority


@pytest.fixture(scope="module")
def running_town(running_peers: Peers) -> Iterator[Town]:
    """Run the servers once."""
    made = Town(running_peers)
    with made.entra.server, made.mail:
        yield made


@pytest.fixture
def town(running_town: Town) -> Town:
    """Give the servers, without memory of earlier tests."""
    running_town.mail.forget()
    running_town.entra.issued.clear()
    running_town.issuer.stale = 0
    return running_town


def built(stage: Stage, town: Town, rig: Rig, **changes: str) -> Transport:
    """A transport whose peer is Postfix."""
    return stage.build(rig, **town.settings | changes)


def relay(stage: Stage, town: Town, certificate: Path | str = "") -> Transport:
    """The relay, with a certificate of its own where one is given."""
    return built(stage, town, RELAY, RELAY_CLIENT_CERTIFICATE=str(certificate))


def whole(message: Message, file: File) -> bytes:
    """A mail as it should arrive, byte for byte."""
    letter = mime.letter(message)
    return letter.head + b"".join(wrapped(file)) + letter.tail


SIGNED_IN = pytest.mark.parametrize("rig", [HVE, EXO, SMTP], ids=lambda rig: rig.name)
BY_TOKEN = pytest.mark.parametrize("rig", [HVE, EXO], ids=lambda rig: rig.name)


@SIGNED_IN
def test_whoever_signs_in_reaches_everybody(rig: Rig, stage: Stage, town: Town):
    """By a token of Entra's or a password: Dovecot says who may send."""
    transport = built(stage, town, rig)
    assert SENDER in transport.check()

    receipt = stage.send(transport, another_message(to=(OUTSIDE,), cc=INSIDE[:1]))

    assert receipt.answer.startswith("250 2.0.0")
    assert not receipt.refused
    mails = town.mail.delivered(2)
    assert [each.recipient for each in mails] == [INSIDE[0], OUTSIDE]
    assert {each.sender for each in mails} == {SENDER}


@BY_TOKEN
def test_token_that_has_ended_is_replaced_once(rig: Rig, stage: Stage, town: Town):
    """Dovecot refuses the token; the next one is good, and nobody notices."""
    town.issuer.stale = 1
    stage.send(built(stage, town, rig), another_message())
    assert len(town.entra.issued) == 2
    town.mail.delivered(1)


@BY_TOKEN
def test_second_refused_token_is_the_answer(rig: Rig, stage: Stage, town: Town):
    """No third one is asked for: a person must look at it."""
    town.issuer.stale = 2
    with pytest.raises(AuthRefusedError, match=r"535 5\.7\.8"):
        stage.send(built(stage, town, rig), another_message())
    assert (len(town.entra.issued), town.issuer.stale) == (2, 0)
    town.mail.delivered(0)


def test_token_of_somebody_else_is_refused(stage: Stage, town: Town):
    """Dovecot looks at the signature: the other Entra's tokens are no good here."""
    elsewhere = stage.peers.entra.server.url
    with pytest.raises(AuthRefusedError, match="535"):
        built(stage, town, EXO, AZURE_AUTHORITY_HOST=elsewhere).check()


def test_wrong_password_is_refused(stage: Stage, town: Town):
    """And is shown to nobody."""
    with pytest.raises(AuthRefusedError, match="535") as caught:
        built(stage, town, SMTP, SMTP_PASSWORD="wröng").check()
    assert "wröng" not in str(caught.value)


def test_who_does_not_sign_in_is_refused(stage: Stage, town: Town):
    """A submission port takes nothing from strangers."""
    transport = built(stage, town, SMTP, SMTP_USER="", SMTP_PASSWORD="")
    with pytest.raises(RecipientRefusedError, match="set SMTP_USER"):
        stage.send(transport, another_message())
    town.mail.delivered(0)


def test_sender_must_belong_to_who_signed_in(stage: Stage, town: Town):
    """The mail is not sent, and the server's words are told."""
    message = another_message(sender="other@contoso.com")
    with pytest.raises(RecipientRefusedError, match="let this sign-in send as"):
        stage.send(built(stage, town, SMTP), message)
    town.mail.delivered(0)


def test_tls_may_come_first(stage: Stage, town: Town):
    """As on port 465."""
    port = str(town.mail.ports["submissions"])
    stage.send(
        built(stage, town, SMTP, SMTP_TLS="tls", SMTP_PORT=port), another_message()
    )
    town.mail.delivered(1)


def test_sign_in_service_that_is_gone_is_waited_for(stage: Stage, town: Town):
    """Dovecot is stopped: later may work, and does."""
    town.mail.stop_sign_in()
    try:
        with pytest.raises(TransientError):
            stage.send(built(stage, town, SMTP), another_message())
    finally:
        town.mail.start_sign_in()
    stage.send(built(stage, town, SMTP), another_message())
    town.mail.delivered(1)


def test_relay_is_known_by_its_certificate(stage: Stage, town: Town):
    """Whoever holds the key may send to anybody."""
    stage.send(relay(stage, town, town.own), another_message(to=(OUTSIDE,)))
    assert town.mail.delivered(1)[0].recipient == OUTSIDE


@pytest.mark.parametrize("is_foreign", [False, True], ids=["none", "foreign"])
def test_relay_for_strangers_is_denied(is_foreign: bool, stage: Stage, town: Town):
    """Without a certificate that is known, only the inside is reached."""
    certificate = stage.peers.certificate if is_foreign else ""
    transport = relay(stage, town, certificate)
    with pytest.raises(RecipientRefusedError, match="RELAY_CLIENT_CERTIFICATE"):
        stage.send(transport, another_message(to=(OUTSIDE,)))

    stage.send(transport, another_message(to=INSIDE[:1]))
    assert town.mail.delivered(1)[0].recipient == INSIDE[0]


def test_renewed_certificate_is_shown_from_then_on(
    stage: Stage, town: Town, tmp_path: Path
):
    """The file changes; nobody restarts anything."""
    file = tmp_path / "own.pem"
    file.write_text(stage.peers.certificate)
    transport = relay(stage, town, file)
    with pytest.raises(RecipientRefusedError, match="RELAY_CLIENT_CERTIFICATE"):
        stage.send(transport, another_message(to=(OUTSIDE,)))

    file.write_bytes(town.renewed.read_bytes())
    stage.send(transport, another_message(to=(OUTSIDE,)))
    town.mail.delivered(1)


def test_direct_reaches_the_inside_unknown(stage: Stage, town: Town):
    """Nobody signs in, and nobody outside is even asked about."""
    transport = built(stage, town, DIRECT)
    stage.send(transport, another_message())
    before = town.mail.connections()
    with pytest.raises(RecipientRefusedError):
        stage.send(transport, another_message(to=(OUTSIDE,)))
    assert town.mail.connections() == before
    town.mail.delivered(1)


@pytest.mark.parametrize("rig", [EXO, DIRECT], ids=lambda rig: rig.name)
def test_refused_recipient_does_not_stop_the_others(rig: Rig, stage: Stage, town: Town):
    """550 for one of three: the two have the mail, the receipt says who not."""
    message = another_message(to=INSIDE, bcc=(UNKNOWN,))
    receipt = stage.send(built(stage, town, rig), message)

    assert list(receipt.refused) == [UNKNOWN]
    assert receipt.refused[UNKNOWN].startswith("550 5.1.1")
    mails = town.mail.delivered(2)
    assert tuple(each.recipient for each in mails) == INSIDE


def test_size_is_learned_and_respected(stage: Stage, town: Town):
    """What Postfix announces decides before the file is read."""
    transport = built(stage, town, SMTP)
    transport.check()
    assert transport.carries.max_bytes == SIZE

    file = File(b"x" * 8_000_000)
    with pytest.raises(TooLargeError, match=str(SIZE)):
        transport.send(another_message(size=file.size), file, stage.lease)
    assert file.readings == 0


def test_size_that_is_not_announced_is_the_servers_answer(stage: Stage, town: Town):
    """Postfix reads it all and says 552; the mail is too large, nobody is refused."""
    port = str(town.mail.ports["silent"])
    transport = built(stage, town, DIRECT, DIRECT_PORT=port)
    file = File(b"x" * 8_000_000)
    with pytest.raises(TooLargeError, match=r"552 5\.3\.4"):
        transport.send(another_message(size=file.size), file, stage.lease)
    assert file.readings == 1
    town.mail.delivered(0)


@pytest.mark.parametrize("rig", [EXO, RELAY], ids=lambda rig: rig.name)
@pytest.mark.parametrize("size", [1, 300_000, 7_000_000])
def test_mail_arrives_byte_for_byte(size: int, rig: Rig, stage: Stage, town: Town):
    """Postfix changes nothing in it, and its reader finds what was put in."""
    file = File((bytes(range(256)) * (size // 256 + 1))[:size])
    message = another_message(size=size)
    built(stage, town, rig).send(message, file, stage.lease)

    (mail,) = town.mail.delivered(1)
    assert mail.data == whole(message, file)
    read = parsed(mail.data)
    (attached,) = read.iter_attachments()
    assert attached.get_content() == b"".join(file.pieces())
    assert attached.get_filename() == message.attachment
    assert read["Message-ID"] == message.message_id
    assert read["Date"].datetime == message.date
    assert read["From"].addresses[0].addr_spec == SENDER
    assert read["From"].addresses[0].display_name == message.from_name
    assert read["Reply-To"] == message.reply_to


def test_repeated_send_arrives_identical(stage: Stage, town: Town):
    """Equal messages, equal bytes, by whichever connection."""
    for _ in range(2):
        stage.send(built(stage, town, EXO), a_message())
    one, two = town.mail.delivered(2)
    assert one == two


def test_many_threads_send_at_once(stage: Stage, town: Town):
    """Twenty at a time; each mail arrives once, whole."""
    transport = built(stage, town, EXO)
    messages = [another_message() for _ in range(100)]
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda each: stage.send(transport, each), messages))

    mails = town.mail.delivered(100)
    expected = sorted(whole(each, File(FILE)) for each in messages)
    assert sorted(each.data for each in mails) == expected
    assert len(town.entra.issued) == 1


@pytest.mark.parametrize("rig", [HVE, SMTP, RELAY], ids=lambda rig: rig.name)
def test_connection_is_kept_for_the_next_mail(rig: Rig, stage: Stage, town: Town):
    """Five mails, one connection."""
    transport = built(stage, town, rig)
    before = town.mail.connections()
    for _ in range(5):
        stage.send(transport, another_message())
    town.mail.delivered(5)
    wait_until(lambda: town.mail.connections() == before + 1)


def test_server_that_was_restarted_costs_no_mail(stage: Stage, town: Town):
    """While it is down it is unreachable; then the kept connection is replaced."""
    transport = built(stage, town, HVE)
    stage.send(transport, another_message())
    town.mail.stop()
    try:
        with pytest.raises(UnreachableError):
            stage.send(transport, another_message())
    finally:
        town.mail.start()
    stage.send(transport, another_message())

    town.mail.stop()
    town.mail.start()
    stage.send(transport, another_message())
    town.mail.delivered(3)
