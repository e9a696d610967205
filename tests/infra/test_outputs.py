"""What a deployment tells a person: DNS records, logins, the next steps."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.infra import sets, values
from tests.infra.template import INFRA

DEFAULTS = {"AZURE_ENV_NAME": "x", "INTERNAL_DOMAINS": "contoso.com"}
ACS = {"EXTERNAL_TRANSPORT": "acs", "MAIL_DOMAIN": "scans.contoso.com"}
BY_NAME = (
    *("ACS_CONNECTION_STRING", "HVE_PASSWORD", "MAIL_CLIENT_CERTIFICATE"),
    *("MAIL_CLIENT_SECRET", "SMTP_PASSWORD"),
)


def told(output: str, **answers: str) -> Any:
    """One output, with these answers."""
    return values.deploy(INFRA / "main.bicepparam", DEFAULTS | answers).output(output)


def test_records_are_those_that_the_domain_wants():
    """Ownership, SPF, both of DKIM, as Azure names them, and a DMARC to begin with."""
    records = [str(each) for each in told("DNS_RECORDS", **ACS)]
    kinds = ["Domain", "SPF", "DKIM", "DKIM2"]
    for record, kind in zip(records, kinds, strict=False):
        assert len(re.findall(rf"verificationRecords\.{kind}\.\w+", record)) == 3
    assert records[4:] == ["_dmarc.scans.contoso.com TXT v=DMARC1; p=quarantine"]


def test_azure_s_own_domain_wants_no_record():
    """It is verified from the start."""
    assert told("DNS_RECORDS", EXTERNAL_TRANSPORT="acs") == []
    assert told("DNS_RECORDS") == []


def test_logins_name_account_user_and_host():
    """As they are typed into a printer."""
    deployment = values.deploy(sets.parameters("everything"))
    for login in deployment.output("SFTP_LOGINS"):
        pattern = r"(scan[^.]*)\.(mfp\df)@\1\.blob\.core\.windows\.net"
        assert re.fullmatch(pattern, str(login))
    assert deployment.output("SFTP_USERS") == "mfp2f,mfp3f"


@pytest.mark.parametrize("name", BY_NAME)
def test_each_secret_has_its_command(name):
    """With the name in the vault to which the setting refers."""
    steps = "\n".join(map(str, told("NEXT_STEPS", IN_VAULT=name)))
    assert f"{name}: az keyvault secret set --vault-name kv-" in steps
    assert steps.count(f"--name {name.lower().replace('_', '-')}\n") == 1
    assert "az functionapp restart" in steps


def test_what_the_code_reads_itself_has_its_command():
    """A certificate is imported, a person signs in."""
    steps = told("NEXT_STEPS", IN_VAULT="RELAY_CLIENT_CERTIFICATE,TOKEN_STORE")
    text = "\n".join(map(str, steps))
    assert "az keyvault certificate import" in text
    assert "--name relay-client-certificate" in text
    assert "python -m ops login" in text
    assert "restart" not in text


def test_steps_end_when_they_are_done():
    """A verified domain is not asked for again."""
    assert "DNS: " in "".join(map(str, told("NEXT_STEPS", **ACS)))
    done = told("NEXT_STEPS", **ACS, MAIL_DOMAIN_VERIFIED="true")
    assert "DNS: " not in "".join(map(str, done))


def test_the_first_day_of_a_budget_is_kept():
    """Azure refuses another: the first run's goes into each later one."""
    answers = {"MONTHLY_BUDGET": "20", "BUDGET_START": "2025-01-01"}
    assert told("BUDGET_START", **answers) == "2025-01-01"
    deployment = values.deploy(INFRA / "main.bicepparam", DEFAULTS | answers)
    (budget,) = [it for it in deployment.made() if it.type.endswith("/budgets")]
    assert budget.body["properties"]["timePeriod"] == {"startDate": "2025-01-01"}
