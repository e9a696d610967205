"""What can happen to scans, played with the real path, and the log that it leaves.

In: an Azurite. Out: for each scene the rows of table `AppTraces`, as Application
Insights would keep them, and when it ended.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from local.azurite import Azurite
from local.certificates import Authority
from shared import abandon
from shared.errors import AuthRefusedError, UnconfirmedError, UnreachableError
from shared.ledger import Ledger
from shared.report import report
from shared.row import Row, operation_id_of
from shared.stores.border import StorageError
from shared.sweep import FAULTS_BORNE
from shared.transports.base import Endpoint, Quota
from shared.transports.own_certificate import OwnCertificate
from tests.makers import an_event
from tests.path.office import OUTSIDE, ROUTES, Office
from tests.path.test_report import a_report
from tests.samples import CUT_PDF, PDF, a_pdf

DOWN = UnreachableError("connection refused")
REFUSED = AuthRefusedError("535 5.7.3 no", hint="renew the secret")
_LEVELS = {"INFO": 1, "WARNING": 2, "ERROR": 3}


class Listener(logging.Handler):
    """Keeps what is logged, by the worker's clock."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self.rows: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line as table `AppTraces` does."""
        level = _LEVELS[record.levelname]
        row = {"TimeGenerated": self._clock(), "Message": record.getMessage()}
        self.rows.append(row | {"SeverityLevel": level})


@dataclass(frozen=True, slots=True)
class Played:
    """A scene that is over."""

    rows: list[dict[str, Any]] = field(repr=False)
    end: datetime


@contextmanager
def listening(azurite: Azurite, **changes: str) -> Iterator[tuple[Office, Listener]]:
    """Open an office, hear what it logs, and clear it away."""
    office = Office(azurite, **changes)
    office.write("config", "routes.toml", ROUTES.encode())
    listener, logger = Listener(office.clock), logging.getLogger("scanpost")
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(listener)
    try:
        yield office, listener
    finally:
        logger.removeHandler(listener)
        logger.setLevel(before)
        office.clear()
        for container in ("edge", "deadletter"):
            client = office.blobs.get_container_client(container)
            for blob in client.list_blobs():
                client.delete_blob(blob.name)


def quiet(office: Office) -> None:
    """A day as it should be: inside, outside, a slow file, and one failure."""
    office.routes(ROUTES)
    office.write("edge", "berlin.json", b"{}")
    office.outside.carries = replace(
        office.outside.carries, quotas=(Quota(30, timedelta(minutes=1)),)
    )
    office.scan()
    office.scan(name="mfp/out.pdf", to=OUTSIDE)
    half = office.receive(office.put("mfp/slow.pdf", data=CUT_PDF))
    office.receive(office.put("mfp/slow.pdf", data=PDF))
    office.wake(half)
    office.inside.script = [DOWN]
    row = office.scan(name="mfp/late.pdf")
    office.sweep()
    office.wake(row)
    office.sweep()


def held(office: Office) -> None:
    """Nobody was found to send it to."""
    office.scan(to="")
    office.sweep()


def untold(office: Office) -> None:
    """Held, and the notice does not get out; another may have."""
    office.inside.script = [DOWN, UnconfirmedError("broken off")]
    office.scan(to="")
    office.sweep()
    office.sweep()


def _missed(office: Office, *names: str) -> Row:
    for name in names:
        office.put(name)
    office.later(minutes=11)
    office.sweep()
    return next(row for row in office.rows() if row.path == names[0])


def gone(office: Office) -> None:
    """Somebody deleted two before they were sent; the sweep finds the second."""
    names = ("mfp/1.pdf", "mfp/2.pdf")
    row = _missed(office, *names)
    for name in names:
        office.blobs.get_blob_client("scans", name).delete_blob()
    office.wake(row)
    office.sweep()


def superseded(office: Office) -> None:
    """Somebody wrote over it before it was sent, and over one that nobody claimed."""
    row = _missed(office, "mfp/scan.pdf")
    office.put(data=a_pdf(500))
    office.wake(row)
    office.put("mfp/over.pdf")
    office.receive(_stale("mfp/over.pdf"))


def _stale(name: str) -> str:
    return json.dumps(an_event(name, eTag="0x8D0000000000000"))


def bounced(office: Office) -> None:
    """ACS took it, and brought it back."""
    row = office.scan(to=OUTSIDE)
    report(office.works, a_report(operation_id_of(row.scan_id, 0, 0)))
    office.sweep()


def waiting(office: Office) -> None:
    """The mail server has been down for half an hour."""
    office.inside.script = [DOWN]
    office.scan()
    office.later(minutes=31)
    office.sweep()


def growing(office: Office) -> None:
    """A file that has been incomplete for half an hour, by design."""
    row = office.receive(office.put(data=CUT_PDF))
    while row.attempts < 3:
        row = office.wake(row)
    office.later(minutes=35)
    office.sweep()


def poisoned(office: Office) -> None:
    """A message failed too often; it was taken, and its scan held."""
    abandon.abandon_events(office.works, office.put())
    office.sweep()


def poison_left(office: Office) -> None:
    """A message failed too often, and nobody takes it."""
    client = office.azurite.queues().get_queue_client("scan-events-poison")
    client.send_message("e30=")
    office.sweep()


def dead_letter(office: Office) -> None:
    """Event Grid gave up."""
    office.write("deadletter", "scans/blobcreated/2026/11/21/10/1.json", b"[]")
    office.sweep()


def refused(office: Office) -> None:
    """The secret ended; for an hour and a half everybody waits for a new one."""
    office.inside.script = [REFUSED] * 50
    row = office.scan()
    end = office.clock() + timedelta(minutes=90)
    while office.clock() < end:
        office.later(minutes=5)
        if row.next_attempt and row.next_attempt <= office.clock():
            row = office.wake(row)
        office.sweep()
        row = office.reread(row)


def silent(office: Office) -> None:
    """An agent stopped without saying so."""
    office.write("edge", "berlin.json", b"{}")
    office.later(minutes=11)
    office.sweep()


def ending(office: Office) -> None:
    """The connector's certificate has a week left."""
    with Authority() as authority:
        pem = authority.issue("scanpost.contoso.com").read_text()
    own = OwnCertificate("RELAY_CLIENT_CERTIFICATE", pem)
    office.outside.endpoint = Endpoint("mx.contoso.com", 25, certificate=own)
    office.sweep()


def broken(office: Office) -> None:
    """Somebody saved routes.toml with a fault in it."""
    office.scan()
    office.routes("[defaults\n")
    office.scan(name="mfp/2.pdf")
    office.sweep()


def mended(office: Office) -> None:
    """And mended it."""
    broken(office)
    office.routes(ROUTES)
    office.scan(name="mfp/3.pdf")


def ignored(office: Office) -> None:
    """And nobody mended it for more than a day, in which nobody scans."""
    broken(office)
    for _ in range(26):
        office.later(hours=1)
        office.sweep()


def repaired(office: Office) -> None:
    """And mended it at night: no scan comes that would read it."""
    broken(office)
    office.routes(ROUTES)
    office.later(minutes=5)
    office.sweep()


class Deaf(Ledger):
    """A table that does not answer."""

    def find(self, scan_id: str) -> Row | None:
        """Answer nobody."""
        raise StorageError(f"{scan_id}: no answer")


def unlisted(office: Office) -> None:
    """Storage falls away in the midst of a round."""
    for number in range(FAULTS_BORNE):
        office.put(f"mfp/{number}.pdf")
    deaf = Deaf(office.works.account.ledger, office.clock)
    office.works = replace(office.works, ledger=deaf)
    office.sweep()


def idle(office: Office) -> None:
    """The app is well, and nobody scans."""
    office.sweep()


def dead(office: Office) -> None:
    """Nothing runs at all."""
    office.clock()


type Scene = Callable[[Office], None]
SCENES: Mapping[str, Scene] = {
    each.__name__: each
    for each in (
        *(quiet, held, untold, gone, superseded, bounced, waiting, growing, poisoned),
        *(poison_left, dead_letter, refused, silent, ending, broken, mended),
        *(ignored, repaired, unlisted, idle, dead),
    )
}
SETTINGS = {"untold": {"OPS_MAILBOX": "it@contoso.com"}}


def play(azurite: Azurite, name: str) -> Played:
    """Play one scene in an office of its own."""
    with listening(azurite, **SETTINGS.get(name, {})) as (office, listener):
        SCENES[name](office)
        return Played(list(listener.rows), office.clock())
