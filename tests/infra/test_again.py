"""A second `azd up` changes nothing: what the first found out is an answer by then."""

from __future__ import annotations

import json
from typing import Any

from tests.infra import values
from tests.infra.template import INFRA
from tests.infra.values import Deployment

ANSWERS = {
    "AZURE_ENV_NAME": "prod",
    "EXTERNAL_TRANSPORT": "acs",
    "HVE_SENDER": "scans@contoso.com",
    "INTERNAL_DOMAINS": "contoso.com, contoso.de",
    "IN_VAULT": "SMTP_PASSWORD",
    "MAIL_DOMAIN": "scans.contoso.com",
    "MONTHLY_BUDGET": "20",
    "OPS_MAILBOX": "it@contoso.com",
    "SCAN_TIMEZONE": "Europe/Berlin",
    "SFTP_PRINTERS": '[{"name": "mfp2f", "keys": ["ssh-rsa AAAAB3example"]}]',
    "UNMATCHED_RECIPIENT": "office@contoso.com",
}


def deploy(environ: dict[str, str]) -> Deployment:
    """As azd does, with these in its environment."""
    return values.deploy(INFRA / "main.bicepparam", environ)


def after(environ: dict[str, str]) -> dict[str, str]:
    """What azd's environment holds after a deployment: its outputs, by their names."""
    done = deploy(environ)
    outputs = {name: done.output(name) for name in done.file.outputs}
    return environ | {
        name: told if isinstance(told, str) else json.dumps(told)
        for name, told in outputs.items()
    }


def account(environ: dict[str, str]) -> dict[str, Any]:
    """The scan account's properties."""
    (found,) = [
        it.body["properties"]
        for it in deploy(environ).made()
        if it.type == "Microsoft.Storage/storageAccounts" and it.name.startswith("scan")
    ]
    told: dict[str, Any] = found
    return told


def test_a_second_run_makes_the_same():
    """Resource by resource, to the last property."""
    first, second = deploy(ANSWERS), deploy(after(ANSWERS))
    assert list(second.made()) == list(first.made())
    assert after(after(ANSWERS)) == after(ANSWERS)


def test_the_last_printer_may_go():
    """A hierarchical account can never be made flat: that run would fail."""
    told = account(after(ANSWERS) | {"SFTP_PRINTERS": "[]"})
    assert told["isHnsEnabled"] is True
    assert told["isSftpEnabled"] is False
    assert account(ANSWERS | {"SFTP_PRINTERS": "[]"})["isHnsEnabled"] is False
