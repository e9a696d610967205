"""Other providers by one word: what it fills in, and what must still be written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.errors import ConfigError
from shared.transports.base import Endpoint, Quota
from shared.transports.presets import PRESETS

from .conftest import Stage
from .makers import SENDER, another_message
from .peers import PASSWORD
from .rigs import SMTP

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOTHING = {"SMTP_HOST": "", "SMTP_PORT": ""}
ROWS = [
    ("acs", "smtp.azurecomm.net", 10_000_000, (Quota(30, MINUTE), Quota(100, HOUR))),
    ("infobip", "smtp-api.infobip.com", None, ()),
    ("mailgun", "smtp.mailgun.org", 25_000_000, ()),
    ("postmark", "smtp.postmarkapp.com", 10_000_000, ()),
    ("sendgrid", "smtp.sendgrid.net", 20_000_000, ()),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_preset_fills_in_what_is_known(
    row: tuple[str, str, int | None, tuple[Quota, ...]], stage: Stage
):
    """Host, port, STARTTLS, and the provider's limits."""
    name, host, most, quotas = row
    transport = stage.build(SMTP, SMTP_PRESET=name, **NOTHING)

    assert transport.endpoint == Endpoint(host, 587, is_tls_first=False)
    assert transport.carries.max_bytes == most
    assert transport.carries.quotas == quotas
    assert transport.carries.connections is None


def test_every_preset_is_tested():
    """No provider is named without its row above."""
    assert {"ses", *(row[0] for row in ROWS)} == set(PRESETS)


def test_what_is_written_wins(stage: Stage):
    """A preset never overrides a setting."""
    transport = stage.build(
        SMTP, SMTP_PRESET="mailgun", SMTP_HOST="smtp.eu.mailgun.org", SMTP_PORT="2525"
    )
    tls = stage.build(SMTP, SMTP_PRESET="mailgun", SMTP_TLS="tls", **NOTHING)

    assert transport.endpoint == Endpoint("smtp.eu.mailgun.org", 2525, False)
    assert transport.carries.max_bytes == 25_000_000
    assert tls.endpoint == Endpoint("smtp.mailgun.org", 465, True)


def test_mail_goes_out_by_a_preset(stage: Stage):
    """The server's own SIZE is believed once it was heard."""
    transport = stage.build(SMTP, SMTP_PRESET="postmark")

    stage.send(transport, another_message())

    assert len(stage.peers.mail.mails) == 1
    assert transport.carries.max_bytes == stage.peers.house.size


def test_everybodys_user_need_not_be_written(stage: Stage):
    """SendGrid's is a word, the same for all."""
    with stage.peers.mail_server(accounts={"apikey": PASSWORD}) as server:
        transport = stage.build(
            SMTP, SMTP_PRESET="sendgrid", SMTP_USER="", SMTP_PORT=str(server.port)
        )
        assert SENDER in transport.check()


@pytest.mark.parametrize("name", PRESETS)
def test_missing_credential_is_said_in_the_providers_words(name: str, stage: Stage):
    """Nobody of them takes mail from a stranger."""
    with pytest.raises(ConfigError) as caught:
        stage.build(SMTP, SMTP_PRESET=name, SMTP_USER="", SMTP_PASSWORD="")

    assert "SMTP_PASSWORD" in caught.value.what
    assert caught.value.hint == PRESETS[name].write


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SMTP_PRESET": "ses"}, "email-smtp.eu-central-1.amazonaws.com"),
        ({"SMTP_PRESET": ""}, "SMTP_PRESET"),
    ],
)
def test_host_that_nobody_named_is_said(
    changes: dict[str, str], words: str, stage: Stage
):
    """SES has one for each region; without a preset there is none."""
    with pytest.raises(ConfigError, match="SMTP_HOST is not set") as caught:
        stage.build(SMTP, **NOTHING, **changes)

    assert words in caught.value.hint


def test_preset_that_is_none_is_said_with_those_there_are(stage: Stage):
    """A slip is answered with the list."""
    with pytest.raises(ConfigError, match=r"SMTP_PRESET.*sendgrid"):
        stage.build(SMTP, SMTP_PRESET="pigeon")
