"""The registry, and settings on their way into a transport."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from shared import transports
from shared.errors import ConfigError
from shared.transports.config import fill, mailbox, one_of, port, setting, web_address

from .conftest import Stage
from .makers import Clock
from .rigs import HVE, OUTBOX, RIGS, SMTP

CONTRACT = {
    "acs": {
        *("ACS_ENDPOINT", "ACS_CONNECTION_STRING", "ACS_SENDER"),
        *("AZURE_CLIENT_ID", "REQUESTS_CA_BUNDLE"),
    },
    "direct": {
        *("DIRECT_HOST", "DIRECT_PORT", "DIRECT_SENDER", "INTERNAL_DOMAINS"),
    },
    "exo": {
        *("EXO_SENDER", "EXO_HOST", "EXO_PORT", "TOKEN_STORE"),
        *("MAIL_TENANT_ID", "MAIL_CLIENT_ID"),
        *("MAIL_CLIENT_SECRET", "MAIL_CLIENT_CERTIFICATE"),
        *("AZURE_AUTHORITY_HOST", "AZURE_CLIENT_ID"),
    },
    "graph": {
        *("GRAPH_SENDER", "GRAPH_ENDPOINT", "AZURE_CLIENT_ID", "REQUESTS_CA_BUNDLE"),
    },
    "hve": {
        *("HVE_SENDER", "HVE_HOST", "HVE_PORT", "HVE_PASSWORD"),
        *("MAIL_TENANT_ID", "MAIL_CLIENT_ID"),
        *("MAIL_CLIENT_SECRET", "MAIL_CLIENT_CERTIFICATE"),
        *("AZURE_AUTHORITY_HOST", "AZURE_CLIENT_ID"),
    },
    "outbox": set(),
    "relay": {
        *("RELAY_HOST", "RELAY_PORT", "RELAY_SENDER", "RELAY_CLIENT_CERTIFICATE"),
        "AZURE_CLIENT_ID",
    },
    "smtp": {
        *("SMTP_PRESET", "SMTP_HOST", "SMTP_PORT", "SMTP_TLS"),
        *("SMTP_USER", "SMTP_PASSWORD", "SMTP_SENDER"),
    },
}


@pytest.mark.parametrize("name", CONTRACT)
def test_settings_are_the_contracts(name: str):
    """Each transport takes the settings that operators know, and no others."""
    assert set(transports.config_fields(name)) == CONTRACT[name]


def test_every_transport_has_its_settings_here():
    """No transport is registered without its settings being fixed above."""
    assert set(transports.registered()) == set(CONTRACT)


@pytest.mark.parametrize(
    "call",
    [transports.config_fields, lambda name: transports.build(name, {}, Clock())],
)
def test_name_that_is_none_is_said_with_those_there_are(call):
    """A transport that does not exist is answered with the names of those that do."""
    with pytest.raises(ConfigError, match="pigeon") as caught:
        call("pigeon")

    assert "outbox" in caught.value.hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A config with one field of each kind."""

    one_host: str = setting("a host")
    one_port: int = setting("a port such as 25", port, default=25)
    one_mode: str = setting("fast or slow", one_of("fast", "slow"), default="slow")
    one_sender: str = setting("an address", mailbox, default="a@contoso.com")
    one_url: str = setting("a web address", web_address, default="")
    one_key: str = setting("a key", default="", secret=True)


def test_config_is_filled_by_name():
    """Settings in upper case fill the fields of the same name, trimmed."""
    source = {"ONE_HOST": " h ", "ONE_PORT": "587", "ONE_MODE": "FAST", "OTHER": "x"}

    config = fill(Sample, source)

    assert (config.one_host, config.one_port, config.one_mode) == ("h", 587, "fast")
    assert config.one_sender == "a@contoso.com"


def test_empty_setting_counts_as_not_set():
    """An empty value is the default, as the portal writes it."""
    assert fill(Sample, {"ONE_HOST": "h", "ONE_PORT": " "}).one_port == 25


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ONE_HOST", "", "ONE_HOST is not set: write a host"),
        ("ONE_PORT", "0", "a port such as 25"),
        ("ONE_PORT", "65536", "a port such as 25"),
        ("ONE_PORT", "²", "a port such as 25"),
        ("ONE_PORT", "smtp", "a port such as 25"),
        ("ONE_MODE", "quick", "fast or slow"),
        ("ONE_SENDER", "Jane <jane@contoso.com>", "an address"),
        ("ONE_SENDER", "jane", "an address"),
        ("ONE_URL", "ftp://contoso.com", "a web address"),
    ],
)
def test_wrong_setting_is_named_with_what_to_write(name: str, value: str, words: str):
    """A fault names its setting, and what belongs there."""
    with pytest.raises(ConfigError) as caught:
        fill(Sample, {"ONE_HOST": "h", name: value})

    assert name in caught.value.what
    assert words in caught.value.what


def test_all_faults_are_said_at_once():
    """Nobody has to deploy once for each mistake."""
    with pytest.raises(ConfigError) as caught:
        fill(Sample, {"ONE_PORT": "x", "ONE_MODE": "y"})

    for name in ("ONE_HOST", "ONE_PORT", "ONE_MODE"):
        assert name in caught.value.what


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://login.microsoftonline.com/", "https://login.microsoftonline.com"),
        ("login.microsoftonline.us", "https://login.microsoftonline.us"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_web_address_may_be_written_as_people_do(value: str, expected: str):
    """A last slash, or a missing scheme, is no mistake."""
    assert web_address(value) == expected


def test_secret_does_not_show():
    """A secret is nowhere in a config's `repr`."""
    assert "s3cret" not in repr(fill(Sample, {"ONE_HOST": "h", "ONE_KEY": "s3cret"}))


@pytest.mark.parametrize("rig", RIGS, ids=lambda rig: rig.label)
def test_building_sends_nothing(rig, stage: Stage):
    """A transport that is built has spoken to nobody yet."""
    before = stage.peers.mail.connections + stage.peers.acs.server.connections

    stage.build(rig)

    after = stage.peers.mail.connections + stage.peers.acs.server.connections
    assert after == before


def test_defaults_are_the_services_own(stage: Stage):
    """HVE's host and port, and a mail server's, need not be written."""
    hve = stage.build(HVE, HVE_HOST="", HVE_PORT="")
    starttls = stage.build(SMTP, SMTP_PORT="")
    tls = stage.build(SMTP, SMTP_PORT="", SMTP_TLS="tls")

    hosts = [str(each._profile.server) for each in (hve, starttls, tls)]  # type: ignore[attr-defined]
    assert hosts == ["smtp.hve.mx.microsoft:587", "localhost:587", "localhost:465"]


def test_outbox_shows_what_it_kept(stage: Stage):
    """The outbox gives back message and file, in order."""
    from shared.transports.outbox import Outbox

    from .makers import FILE, another_message

    outbox = stage.build(OUTBOX)
    messages = [another_message(), another_message()]
    for each in messages:
        stage.send(outbox, each)

    assert isinstance(outbox, Outbox)
    assert [kept.message for kept in outbox.mails] == messages
    assert {kept.file for kept in outbox.mails} == {FILE}
