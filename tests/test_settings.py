"""Settings: read once, checked whole, and named alike everywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared import settings
from shared.errors import ConfigError
from shared.transports.base import Quota, Unit

GOOD = {"SCAN_STORAGE": "UseDevelopmentStorage=true", "INTERNAL_DOMAINS": "contoso.com"}


def test_defaults_are_the_contract_s():
    """What is not set has the value that docs/settings.md names."""
    read = settings.read(GOOD)
    assert read.internal_transport == ("hve",)
    assert read.external_transport == ()
    assert read.after_send == "delete"
    assert read.give_up_after_hours == timedelta(hours=48)
    assert read.ledger_days == timedelta(days=90)
    assert read.retry_seconds[0] == timedelta(seconds=30)
    assert read.incomplete_seconds[-1] == timedelta(seconds=1800)
    assert read.margin == timedelta(seconds=60)


@pytest.mark.parametrize("name", ["ACS_ENDPOINT", "ACS_CONNECTION_STRING"])
def test_acs_serves_the_outside_where_it_is_set(name):
    """EXTERNAL_TRANSPORT defaults to acs only where there is an ACS resource."""
    assert settings.read(GOOD | {name: "x"}).external_transport == ("acs",)


def test_empty_setting_is_one_that_is_not_set():
    """Infrastructure passes empty texts on."""
    given = {"ACS_ENDPOINT": "https://a", "EXTERNAL_TRANSPORT": " "}
    assert settings.read(GOOD | given).external_transport == ("acs",)


def test_order_of_transports_is_kept():
    """Comma-separated means in order of preference."""
    read = settings.read(GOOD | {"EXTERNAL_TRANSPORT": " smtp , acs "})
    assert read.external_transport == ("smtp", "acs")


TIMES = [
    ("LEASE_SECONDS", "1.5", timedelta(seconds=1.5)),
    ("GIVE_UP_AFTER_HOURS", "0.25", timedelta(minutes=15)),
    ("GIVE_UP_AFTER_HOURS", "90s", timedelta(seconds=90)),
    ("LEDGER_DAYS", ".5", timedelta(hours=12)),
    ("SWEEP_AFTER_SECONDS", "2h", timedelta(hours=2)),
]


@pytest.mark.parametrize(("name", "text", "value"), TIMES)
def test_times_take_decimals_and_other_units(name, text, value):
    """Every time setting takes decimals, hours and days too."""
    read = settings.read(GOOD | {name: text})
    assert getattr(read, name.lower()) == value


def test_lists_of_times_take_decimals():
    """RETRY_SECONDS is a list, the last of which repeats."""
    read = settings.read(GOOD | {"RETRY_SECONDS": "0.5, 1m"})
    assert read.retry_seconds == (timedelta(seconds=0.5), timedelta(minutes=1))


def test_margin_is_a_tenth_of_a_short_lease():
    """Nothing is completed within a tenth of the lease, at most 60 s, of its end."""
    read = settings.read(GOOD | {"LEASE_SECONDS": "20"})
    assert read.margin == timedelta(seconds=2)


WRONG = [
    ("SCAN_STORAGE", ""),
    ("INTERNAL_DOMAINS", "contoso"),
    ("INTERNAL_DOMAINS", "jane@contoso.com"),
    ("INTERNAL_TRANSPORT", "pigeon"),
    ("AFTER_SEND", "burn"),
    ("LEASE_SECONDS", "0"),
    ("LEASE_SECONDS", "-5"),
    ("RETRY_SECONDS", "30;60"),
    ("GIVE_UP_AFTER_HOURS", "nan"),
    ("LEDGER_DAYS", "1e9"),
    ("FAILOVER_AFTER_SECONDS", "soon"),
    ("OPS_MAILBOX", "not an address"),
    ("SWEEP_SCHEDULE", "*/5 * * * *"),
]


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_wrong_setting_is_named(name, text):
    """A wrong deployment fails at start, and says which setting is wrong."""
    with pytest.raises(ConfigError, match=name):
        settings.read(GOOD | {name: text})


GOOD_QUOTAS = [
    ("", {}),
    ("acs=none", {"acs": ()}),
    ("ACS = 600 / MIN ;", {"acs": (Quota(600, timedelta(minutes=1)),)}),
    (
        "exo=30/min,10000 recipients/day; smtp=500 mails/h",
        {
            "exo": (
                Quota(30, timedelta(minutes=1)),
                Quota(10_000, timedelta(days=1), Unit.RECIPIENTS),
            ),
            "smtp": (Quota(500, timedelta(hours=1)),),
        },
    ),
]


@pytest.mark.parametrize(("text", "quotas"), GOOD_QUOTAS)
def test_quotas_by_transport(text, quotas):
    """Instead of what each declares."""
    assert settings.read(GOOD | {"QUOTAS": text}).quotas == quotas


@pytest.mark.parametrize(
    "text",
    [
        *("acs", "acs=", "=30/min", "none", "none=30/min", "pigeon=30/min"),
        *("acs,exo=30/min", "acs=30", "acs=0/min", "acs=-1/min", "acs=1.5/min"),
        *("acs=30/week", "acs=30/min,", "acs=none,30/min", "acs=30 people/min"),
        *("acs=30/min=5", "acs=30/min;acs=9/h", "acs=30/min,60/min", "acs:30/min"),
        *("acs=30/min exo=30/min", "acs=９/min", "acs=1234567890/min"),
    ],
)
def test_wrong_quota_says_how_to_write_it(text):
    """Nobody finds out by a mail that never goes."""
    with pytest.raises(ConfigError, match=r"QUOTAS: .*(acs=100/min|no transport)"):
        settings.read(GOOD | {"QUOTAS": text})


def test_failover_waits_for_the_first_three_retries():
    """Unless it is set; 0 is at once."""
    assert settings.read(GOOD).failover_after == timedelta(seconds=210)
    given = GOOD | {"FAILOVER_AFTER_SECONDS": "0"}
    assert settings.read(given).failover_after == timedelta(0)
    given = GOOD | {"RETRY_SECONDS": "1,2"}
    assert settings.read(given).failover_after == timedelta(seconds=3)


def test_all_faults_are_told_at_once():
    """Nobody mends a deployment one setting at a time."""
    with pytest.raises(ConfigError) as caught:
        settings.read({"AFTER_SEND": "burn", "LEASE_SECONDS": "x"})
    for name in ("SCAN_STORAGE", "AFTER_SEND", "LEASE_SECONDS"):
        assert name in str(caught.value)


def test_identity_replaces_the_connection_string():
    """With service addresses instead of a key, the managed identity signs in."""
    prefix = "SCAN_STORAGE__"
    env = {
        f"{prefix}{service}ServiceUri": f"https://st.{service}.core.windows.net"
        for service in ("blob", "queue", "table")
    }
    read = settings.read(
        {"INTERNAL_DOMAINS": "contoso.com", f"{prefix}clientId": "id", **env}
    )
    assert read.storage.blob_uri == "https://st.blob.core.windows.net"
    assert read.storage.client_id == "id"


def test_secrets_do_not_show():
    """Settings may be printed; what transports need stays out of it."""
    read = settings.read(GOOD | {"MAIL_CLIENT_SECRET": "hush"})
    assert "hush" not in repr(read)
