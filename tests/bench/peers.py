"""The peers of a measurement, in a process of their own: storage, mail, Entra, ACS.

With `--fast` storage writes no log, and nothing of it is counted.
Prints the settings as one line of JSON; then answers each line on standard input with a
line of JSON that says what they have seen, and forgets it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from local.accesslog import Request
from local.acs import AcsService
from local.azurite import Azurite
from local.mailserver import MailServer, Received
from local.tenant import Tenant

ROUTES = b'[policy]\nexternal = ["fabrikam.com"]\n'
LARGE = 64 << 20


class Seen:
    """What the peers have seen since they were last asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[str] = Counter()
        self._mails: list[float] = []

    def request(self, request: Request) -> None:
        """Count a storage request, but for those that the rig signs itself."""
        if not request.is_stand_in:
            with self._lock:
                self._requests[request.operation] += 1

    def mail(self, received: Received) -> None:
        """Note when a mail was accepted; its bytes are of no interest."""
        with self._lock:
            self._mails.append(received.time)

    def told(self, acs: AcsService) -> dict[str, object]:
        """Everything since the last time."""
        with self._lock:
            said: dict[str, object] = {
                "requests": dict(self._requests),
                "smtp": self._mails,
                "acs": [operation.time for operation in acs.mails],
            }
            self._requests, self._mails = Counter(), []
            acs.mails.clear()
        return said


def main() -> None:
    """Run until standard input ends."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        enter, seen = stack.enter_context, Seen()
        azurite = enter(Azurite(is_logged="--fast" not in sys.argv))
        azurite.provision()
        azurite.blobs().get_blob_client("config", "routes.toml").upload_blob(ROUTES)
        tenant = enter(Tenant())
        house = replace(tenant.house(), size=LARGE)
        mail = enter(MailServer(house, tenant.context, sink=seen.mail))
        resource = replace(tenant.resource(), keeps_bodies=False)
        acs = AcsService(resource, tenant.context)
        enter(acs.server)
        enter(azurite.log.told(seen.request))
        trust = Path(folder) / "trust.pem"
        trust.write_bytes(tenant.authority.file.read_bytes())
        settings = {
            "SCAN_STORAGE": azurite.connection_string,
            **tenant.settings,
            **dict.fromkeys(tenant.authority.trust, str(trust)),
            "HVE_PORT": str(mail.port),
            "ACS_ENDPOINT": acs.server.url,
            "SWEEP_SCHEDULE": "0 0 0 1 1 *",
            # For the baselines only.
            "BENCH_TOKEN": tenant.mail_token(),
        }
        print(json.dumps(settings), flush=True)
        for _ in sys.stdin:
            print(json.dumps(seen.told(acs)), flush=True)


if __name__ == "__main__":
    main()
