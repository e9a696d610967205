"""After `azd provision`: the hook against a real Azurite and strict stand-ins."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess

import pytest

from shared.rules import parse_rules
from tests.infra.fakes.options import parse
from tests.infra.hooks import HOOKS, Site

RECORDS = (
    '["mail.contoso.com TXT \\"v=spf1 include:x -all\\"", "s1 CNAME \\u003ca\\u003e"]'
)
ACS = {
    "EXTERNAL_TRANSPORT": "acs",
    "EMAIL_SERVICE_NAME": "mail",
    "MAIL_DOMAIN": "mail.contoso.com",
    "DNS_RECORDS": RECORDS,
}


def seeded(office):
    """What lies at config/routes.toml."""
    return (
        office.blobs.get_blob_client("config", "routes.toml").download_blob().readall()
    )


def test_the_first_routes_are_what_the_answers_say(site, office):
    """The product reads the seeded file, and finds each answer in it."""
    ran = site.run("postprovision")
    assert ran.status == 0
    assert ran.says("ok  config/routes.toml is seeded")
    defaults = parse_rules(seeded(office)).defaults
    assert (defaults.fallback, defaults.timezone, defaults.language) == (
        "office@contoso.com",
        "Europe/Berlin",
        "de",
    )


def test_a_second_run_changes_nothing(site, office):
    """Both runs succeed, and the file keeps its ETag."""
    site.run("postprovision")
    before = office.blobs.get_blob_client("config", "routes.toml").get_blob_properties()
    ran = site.run("postprovision", UNMATCHED_RECIPIENT="other@contoso.com")
    after = office.blobs.get_blob_client("config", "routes.toml").get_blob_properties()
    assert ran.status == 0
    assert ran.says("ok  config/routes.toml is there: left as it is")
    assert before.etag == after.etag


def test_what_a_person_wrote_is_never_overwritten(site, office):
    """Not even a file that the product refuses."""
    office.write("config", "routes.toml", b"mine, and broken")
    assert site.run("postprovision").status == 0
    assert seeded(office) == b"mine, and broken"


@pytest.mark.parametrize(
    "answer",
    [
        'o"ffice@contoso.com',
        "of\\fice@contoso.com",
        "the office@contoso.com",
        "office@contoso.com\n[policy]\nexternal = ['*']",
        "office@contoso.com\n",
        "$(touch canary)@contoso.com",
        "`touch canary`@contoso.com",
        "{person}@contoso.com",
        "directory:{login}",
        "a@b@contoso.com",
        ".a@contoso.com",
        "a..b@contoso.com",
        "office@contoso",
        "office@10.1.2.3",
        "office@ab--c.com",
        "office@-contoso.com",
        f"{'a' * 65}@contoso.com",
        f"a@{'b' * 64}.com",
        f"a@{'b.' * 130}com",
        "büro@contoso.com",
        "-n",
        "'",
    ],
)
def test_an_answer_that_is_no_address_leaves_good_routes(
    site, office, answer, tmp_path
):
    """It is left out and named: a broken file would make every scan wait."""
    ran = site.run("postprovision", UNMATCHED_RECIPIENT=answer)
    assert parse_rules(seeded(office)).defaults.fallback is None
    assert ran.says("NO  UNMATCHED_RECIPIENT is no plain address")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "answer",
    [
        "a_b+c-d.e@sub.contoso.com",
        f"{'a' * 64}@contoso.co.uk",
        "1@2.c3",
        "A@CONTOSO.com",
    ],
)
def test_any_plain_address_is_taken(site, office, answer):
    """What the hook lets through, the product does too."""
    site.run("postprovision", UNMATCHED_RECIPIENT=answer)
    found = parse_rules(seeded(office)).defaults.fallback
    assert found is not None
    assert found.lower() == answer.lower()


@pytest.mark.parametrize(
    "name",
    ["", "Europe/Berln", "/etc/passwd", "../x", "Europe/", 'U"TC', "posixrules", "x y"],
)
def test_an_unknown_time_zone_leaves_good_routes(site, office, name):
    """An empty answer is UTC; another that is no IANA name is left out and named."""
    ran = site.run("postprovision", SCAN_TIMEZONE=name)
    assert parse_rules(seeded(office)).defaults.timezone == (None if name else "UTC")
    assert ran.says("NO  SCAN_TIMEZONE") is bool(name)


@pytest.mark.parametrize("language", ["fr", 'en"', "DE"])
def test_an_unknown_language_leaves_good_routes(site, office, language):
    """It is left out and named."""
    ran = site.run("postprovision", SCAN_LANGUAGE=language)
    assert parse_rules(seeded(office)).defaults.language is None
    assert ran.says("NO  SCAN_LANGUAGE")


def test_nobody_for_unmatched_scans_is_said(site, office):
    """An empty answer is no fault; what follows from it is said."""
    ran = site.run("postprovision", UNMATCHED_RECIPIENT="")
    assert ran.status == 0
    assert ran.says("they are held")
    assert parse_rules(seeded(office)).defaults.fallback is None


def test_a_role_that_does_not_count_yet_is_waited_for(site, office):
    """Azure takes minutes; the hook tries again."""
    site.bench.know(refusals=2)
    assert site.run("postprovision").status == 0
    assert len(site.bench.calls("az", "storage")) == 3
    assert seeded(office)


def test_a_role_that_never_counts_ends_the_waiting(site):
    """After HOOK_TRIES it says so, and with what to do."""
    site.bench.know(refusals=99)
    ran = site.run("postprovision")
    assert ran.status == 1
    assert ran.says("NO  config/routes.toml is not seeded", "AZURE_PRINCIPAL_ID")
    assert ran.says("azd hooks run postprovision")
    assert len(site.bench.calls("az", "storage")) == 3


def test_a_firewall_is_not_waited_for(site):
    """No time opens it."""
    site.bench.know(closed=True)
    ran = site.run("postprovision")
    assert ran.status == 1
    assert ran.says("firewall")
    assert len(site.bench.calls("az", "storage")) == 1


def by_hand(ran):
    """The command that a hook printed instead of running it."""
    found = [line for line in ran.out.splitlines() if "az storage" in line]
    assert len(found) == 1
    return shlex.split(found[0])


def test_a_closed_network_gets_the_command_instead(site):
    """Nothing is asked of storage; the command is whole, and its file good."""
    ran = site.run("postprovision", NETWORK_CLOSED="true")
    assert ran.status == 0
    assert not site.bench.calls("az", "storage")
    name, given = parse(by_hand(ran)[1:])
    assert name == ("storage", "blob", "upload")
    assert (given["--file"], given["--overwrite"]) == (["routes.toml"], ["false"])
    lines = ran.out.splitlines()
    first = next(at for at, line in enumerate(lines) if "[defaults]" in line)
    text = "\n".join(line.strip() for line in lines[first : first + 4])
    assert parse_rules(text.encode()).defaults.fallback == "office@contoso.com"


def test_without_az_it_says_how_to_get_it(site):
    """The machine may have azd alone."""
    site.without("az")
    ran = site.run("postprovision", **ACS)
    assert ran.status == 0
    assert ran.says("az) is not installed", "install-azure-cli", "az login --tenant")
    assert by_hand(ran)[:4] == ["az", "storage", "blob", "upload"]


def test_without_a_sign_in_it_says_so(site):
    """The CLI has a sign-in of its own, beside azd's."""
    site.bench.know(signed_in=False)
    ran = site.run("postprovision")
    assert ran.status == 0
    assert ran.says("Please run 'az login'", "az login --tenant")
    assert not site.bench.calls("az", "storage")


def test_outside_azd_it_says_how_to_run_it(site):
    """Without azd's values it does nothing."""
    ran = site.run("postprovision", AZURE_SUBSCRIPTION_ID="")
    assert ran.status != 0
    assert ran.says("azd hooks run postprovision")


def test_a_new_domain_is_verified_and_its_records_shown(site):
    """All four are started; the records come from the deployment's outputs."""
    ran = site.run("postprovision", **ACS)
    assert ran.status == 0
    posts = site.bench.calls("az", "rest", "--subscription")
    assert sum("post" in call for call in posts) == 4
    assert ran.says("NO  the domain mail.contoso.com is not verified yet")
    assert ran.says('mail.contoso.com TXT "v=spf1 include:x -all"', "s1 CNAME <a>")
    assert not site.bench.calls("azd")


def test_a_verified_domain_is_linked_by_the_next_provision(site):
    """The hook sets the value that the template reads, once."""
    site.run("postprovision", **ACS)
    site.bench.know(dns=["Domain", "SPF", "DKIM", "DKIM2"])
    site.run("postprovision", **ACS)
    ran = site.run("postprovision", **ACS)
    assert ran.says("run azd provision once more")
    assert site.bench.known()["env"] == {"MAIL_DOMAIN_VERIFIED": "true"}
    calls = len(site.bench.calls("azd"))
    ran = site.run("postprovision", MAIL_DOMAIN_VERIFIED="true", **ACS)
    assert ran.says("ok  the domain mail.contoso.com is verified")
    assert len(site.bench.calls("azd")) == calls


def test_what_is_verified_is_not_started_again(site):
    """Starting anew would take a verified domain out of service."""
    site.bench.know(
        states={"Domain": "Verified", "SPF": "VerificationInProgress"}
        | dict.fromkeys(("DKIM", "DKIM2"), "VerificationFailed")
    )
    site.run("postprovision", **ACS)
    assert sum("post" in call for call in site.bench.calls("az", "rest")) == 2


@pytest.mark.parametrize("domain", ["", "AzureManagedDomain", "x.azurecomm.net"])
def test_azure_s_own_domain_needs_no_verification(site, domain):
    """Nothing is asked."""
    ran = site.run("postprovision", **(ACS | {"MAIL_DOMAIN": domain}))
    assert ran.status == 0
    assert not site.bench.calls("az", "rest")


def test_what_is_missing_is_said_and_fails_nothing(site):
    """Mail that waits for Exchange is no fault of the deployment."""
    ran = site.run("postprovision", MAIL_CLIENT_ID="", HVE_SENDER="")
    assert ran.status == 0
    assert ran.says("NO  MAIL_CLIENT_ID", "NO  HVE_SENDER")
    assert ran.says("pwsh infra/exchange/exchange.ps1")


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({}, True),
        ({"IN_VAULT": "SMTP_PASSWORD,HVE_PASSWORD"}, False),
        ({"IN_VAULT": "HVE_PASSWORD", "EXTERNAL_TRANSPORT": "exo"}, True),
        ({"INTERNAL_TRANSPORT": "graph"}, False),
        ({"INTERNAL_TRANSPORT": "graph, exo"}, True),
    ],
)
def test_the_application_is_missed_where_it_is_needed(site, changes, waits):
    """Graph signs in as the identity, hve with a password as the account."""
    ran = site.run("postprovision", MAIL_CLIENT_ID="", **changes)
    assert ran.says("NO  MAIL_CLIENT_ID") is waits


def test_logins_and_next_steps_are_printed(site):
    """Arrays come from azd as JSON."""
    logins = '["acct.mfp-2f@acct.blob.core.windows.net"]'
    ran = site.run(
        "postprovision", SFTP_LOGINS=logins, NEXT_STEPS='["Do this", "Then"]'
    )
    assert ran.says(
        "acct.mfp-2f@acct.blob.core.windows.net\n", "    Do this\n    Then\n"
    )


def test_exchange_is_prepared_only_where_somebody_asked(office, tmp_path):
    """The script signs a person in."""
    site = Site(tmp_path, office.azurite, pwsh='echo "pwsh was called: $*"')
    assert not site.run("postprovision").says("pwsh was called")
    ran = site.run("postprovision", SETUP_EXCHANGE="true")
    assert ran.says("pwsh was called: -NoProfile -File", "exchange.ps1")
    ran = site.run("postprovision", SETUP_EXCHANGE="true", MAIL_CLIENT_ID="")
    assert ran.says("Exchange is prepared: run azd provision once more")


def test_exchange_that_is_not_prepared_is_a_failure(office, tmp_path):
    """Somebody asked for it."""
    site = Site(tmp_path, office.azurite, pwsh="exit 1")
    ran = site.run("postprovision", SETUP_EXCHANGE="true")
    assert ran.status == 1
    assert ran.says("exchange.ps1 did not finish")
    site.without("pwsh")
    ran = site.run("postprovision", SETUP_EXCHANGE="true")
    assert ran.status == 1
    assert ran.says("pwsh) is not installed")


def test_no_secret_is_printed(site):
    """Whatever else stands in azd's environment."""
    secrets = dict.fromkeys(("HVE_PASSWORD", "MAIL_CLIENT_SECRET"), "hunter2")
    assert "hunter2" not in site.run("postprovision", **secrets).out


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_who_breaks_off_leaves_nothing_behind(site, tmp_path, word):
    """The waiting for a role takes minutes: Ctrl-C is likely."""
    site.bench.know(refusals=99)
    with site.start("postprovision", HOOK_PAUSE_SECONDS="60") as hook:
        while not site.bench.calls("az", "storage"):
            assert hook.poll() is None
        assert list(tmp_path.glob("tmp.*"))
        os.killpg(hook.pid, word)
        assert hook.wait(30) == 130
    assert list(tmp_path.glob("tmp.*")) == []


@pytest.mark.skipif(
    not shutil.which("shellcheck"), reason="shellcheck is not installed"
)
def test_shellcheck_has_nothing_to_say():
    """POSIX sh, with what is sourced followed."""
    done = subprocess.run(  # noqa: S603 (our own words)
        [str(shutil.which("shellcheck")), "-x", *sorted(map(str, HOOKS.glob("*.sh")))],
        cwd=HOOKS.parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
