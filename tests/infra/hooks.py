"""Runs the hooks as azd would: a shell, an environment, and no more than that."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from azure.core.credentials import AzureNamedKeyCredential
from azure.data import tables
from azure.storage import blob

from local.azurite import ACCOUNT, KEY, Azurite
from tests.infra.fakes import ROOT, Bench

HOOKS = ROOT / "infra" / "hooks"
SUBSCRIPTION = "00000000-0000-0000-0000-00000000aaaa"
DOMAIN = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-prod/providers/"
    "Microsoft.Communication/emailServices/mail/domains/mail.contoso.com"
)
PLACES = {
    "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
    "AZURE_RESOURCE_GROUP": "rg-prod",
    "AZURE_TENANT_ID": "00000000-0000-0000-0000-00000000bbbb",
    "SCAN_STORAGE_ACCOUNT": ACCOUNT,
}
"""What azd knows after any deployment."""
ANSWERS = {
    "INTERNAL_TRANSPORT": "hve",
    "EXTERNAL_TRANSPORT": "none",
    "UNMATCHED_RECIPIENT": "office@contoso.com",
    "SCAN_TIMEZONE": "Europe/Berlin",
    "SCAN_LANGUAGE": "de",
    "OPS_MAILBOX": "ops@contoso.com",
    "HVE_SENDER": "scans@contoso.com",
    "MAIL_CLIENT_ID": "00000000-0000-0000-0000-00000000cccc",
    "NETWORK_CLOSED": "false",
}


@dataclass(frozen=True, slots=True)
class Ran:
    """A hook that has ended."""

    status: int
    out: str

    def says(self, *texts: str) -> bool:
        """Whether it printed all of these."""
        return all(text in self.out for text in texts)


class Site:
    """A deployment as the hooks find it."""

    def __init__(self, folder: Path, azurite: Azurite, **programs: str) -> None:
        self.bench = Bench(folder)
        self.bench.know(
            subscription=SUBSCRIPTION,
            account=ACCOUNT,
            blob=(azurite.endpoint("blob"), _blob_sas()),
            table=(azurite.endpoint("table"), _table_sas()),
            domain=DOMAIN,
        )
        for name, body in programs.items():
            self.bench.add(name, body)
        self._folder = folder

    def without(self, program: str) -> None:
        """Take a program off the machine."""
        (self.bench.bin / program).unlink()

    def run(self, hook: str, **changes: str) -> Ran:
        """Run a hook; what it says on both streams comes back."""
        with self.start(hook, **changes) as running:
            out, _ = running.communicate(timeout=120)
        return Ran(running.returncode, out)

    def start(self, hook: str, **changes: str) -> subprocess.Popen[str]:
        """Start a hook in a process group of its own, as a terminal would."""
        env = self.bench.environment() | PLACES | ANSWERS
        env |= {"HOOK_TRIES": "3", "HOOK_PAUSE_SECONDS": "0"} | changes
        return subprocess.Popen(  # noqa: S603 (our own script)
            [
                str(shutil.which("dash") or shutil.which("sh")),
                str(HOOKS / f"{hook}.sh"),
            ],
            env=env,
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def _tomorrow() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def _blob_sas() -> str:
    return blob.generate_account_sas(
        ACCOUNT,
        KEY,
        blob.ResourceTypes(object=True),
        blob.AccountSasPermissions(write=True, create=True),
        _tomorrow(),
    )


def _table_sas() -> str:
    return tables.generate_account_sas(
        AzureNamedKeyCredential(ACCOUNT, KEY),
        tables.ResourceTypes(service=True, container=True, object=True),
        tables.AccountSasPermissions(read=True, list=True),
        _tomorrow(),
    )
