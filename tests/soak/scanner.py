"""The printers: scans of all kinds go into `scans`, at a steady rate.

Some names are used again and again, some files come in two steps, some are never
finished, some are written over at once. Everything that storage acknowledged is noted,
and its event given to the postman.
"""

from __future__ import annotations

import heapq
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from local.events import Written, blob_created, cloud_event
from local.tenant import DOMAIN
from tests.soak import files
from tests.soak.peers import (
    ACCOUNTS,
    BOUNCING,
    LOGINS,
    OUTSIDE_DOMAIN,
    Peers,
)
from tests.soak.postman import Postman
from tests.soak.record import Put, Record, digest_of, scan_id

INSIDE = tuple(f"person{number}@{DOMAIN}" for number in range(12))
OUTSIDE = tuple(f"partner{number}@{OUTSIDE_DOMAIN}" for number in range(8))
STRANGER = "stranger@example.net"
DEVICES = ("mfp-1", "mfp-2", "front-desk")
COUNTERS = 4
"""Names per device that are used again, as SCN_0001.pdf is."""
SIZES = (
    (60, 2_000, 60_000),
    (25, 60_000, 600_000),
    (12, 600_000, 1_500_000),
    (3, 1_500_000, files.MOST),
)
"""Share in percent, from, to: bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What somebody lays on the glass."""

    name: str
    extension: str
    size: int
    to: str = ""
    """Metadata; empty: the name says it."""
    people: frozenset[str]
    share: float = 1.0
    """How much of it is written."""
    may_drop: bool = True
    """Whether its event may be lost: not where something may be written over it."""

    @property
    def is_whole(self) -> bool:
        """Whether all of it is written."""
        return self.share >= 1.0


class Scanner:
    """All printers of the house."""

    def __init__(
        self, peers: Peers, postman: Postman, record: Record, seed: object
    ) -> None:
        self._peers = peers
        self._postman = postman
        self._record = record
        self._dice = random.Random(f"{seed}/scanner")  # noqa: S311 (no secret)
        self._scans = peers.azurite.blobs().get_container_client("scans")
        self._numbers = itertools.count(1)
        self._last: dict[str, Put] = {}
        self._later: list[tuple[float, int, Sheet]] = []
        self._ways = (
            (62, self._ordinary),
            (18, self._counter),
            (10, self._in_two_steps),
            (4, self._never_finished),
            (6, self._twice_at_once),
        )

    def scan(self, seconds: float, rate: float) -> None:
        """Scan for so long, `rate` times a second; then finish what was begun."""
        start = time.monotonic()
        for number in itertools.count():
            due = start + number / rate
            if due > start + seconds:
                break
            self._catch_up(due)
            time.sleep(max(0.0, due - time.monotonic()))
            self._one()
        self._catch_up(float("inf"))

    def _one(self) -> None:
        shares = [share for share, _ in self._ways]
        ways = [way for _, way in self._ways]
        self._dice.choices(ways, shares)[0]()

    def _catch_up(self, until: float) -> None:
        """Write what was to follow by then."""
        while self._later and self._later[0][0] <= until:
            due, _, sheet = heapq.heappop(self._later)
            time.sleep(max(0.0, due - time.monotonic()))
            self._write(sheet)

    def _follow(self, sheet: Sheet, seconds: float) -> None:
        due = time.monotonic() + seconds
        heapq.heappush(self._later, (due, next(self._numbers), sheet))

    def _ordinary(self) -> None:
        self._write(self._sheet(self._extension()))

    def _counter(self) -> None:
        """A printer that counts to four and begins again."""
        device = self._dice.choice(DEVICES)
        name = f"{device}/SCN_{self._dice.randint(1, COUNTERS):04}.pdf"
        self._write(self._sheet("pdf", name=name, may_drop=False))

    def _in_two_steps(self) -> None:
        """A printer that writes slowly: what there is first is not whole."""
        extension = self._dice.choice(files.CUTTABLE)
        share = self._dice.uniform(0.1, 0.95)
        begun = self._sheet(extension, share=share, may_drop=False)
        self._write(begun)
        done = Sheet(
            name=begun.name,
            extension=extension,
            size=begun.size,
            to=begun.to,
            people=begun.people,
        )
        self._follow(done, self._dice.uniform(0.1, 5))

    def _never_finished(self) -> None:
        extension = self._dice.choice(files.CUTTABLE)
        self._write(self._sheet(extension, share=self._dice.uniform(0.1, 0.95)))

    def _twice_at_once(self) -> None:
        """The same name again before anybody can have read the first."""
        first = self._sheet("pdf", may_drop=False)
        self._write(first)
        second = self._sheet("pdf", name=first.name)
        self._follow(second, self._dice.uniform(0, 0.4))

    def _extension(self) -> str:
        return self._dice.choice(tuple(files.KINDS))

    def _sheet(
        self,
        extension: str,
        *,
        name: str = "",
        share: float = 1.0,
        may_drop: bool = True,
    ) -> Sheet:
        to, folder, people = self._dice.choice(self._addressing)()
        device = self._dice.choice(DEVICES)
        path = f"{device}/{folder}scan {next(self._numbers):05}.{extension}"
        if name and not to:
            to, people = INSIDE[0], frozenset({INSIDE[0]})
        low, high = self._dice.choices(
            [(low, high) for _, low, high in SIZES], [share for share, *_ in SIZES]
        )[0]
        return Sheet(
            name=name or path,
            extension=extension,
            size=self._dice.randint(low, high),
            to=to,
            people=people,
            share=share,
            may_drop=may_drop,
        )

    @property
    def _addressing(self) -> tuple[Callable[[], tuple[str, str, frozenset[str]]], ...]:
        """Ways to say who gets it: metadata, folder, people."""
        dice = self._dice
        inside, outside = dice.sample(INSIDE, 3), dice.sample(OUTSIDE, 2)
        login = dice.choice(LOGINS)
        return (
            lambda: _named(inside[:1]),
            lambda: _named(inside),
            lambda: _named(outside[:1]),
            lambda: _named([*inside[:1], *outside[:1]]),
            lambda: _named([*inside[:2], *outside]),
            lambda: _named([inside[0], *dice.sample([BOUNCING, *OUTSIDE], 1)]),
            lambda: _named([inside[0], *dice.sample([STRANGER, *INSIDE[:4]], 1)]),
            lambda: ("", "invoices/", frozenset({ACCOUNTS})),
            lambda: ("", f"home/{login}/", frozenset({f"{login}@{DOMAIN}"})),
        )

    def _write(self, sheet: Sheet) -> None:
        """Put it, and note what storage says it has now."""
        number = next(self._numbers)
        label = f"{sheet.name} version {number}"
        data = files.KINDS[sheet.extension](label, sheet.size)
        if not sheet.is_whole:
            data = files.cut(data, sheet.share)
        metadata = {"to": quote(sheet.to, safe="@,")} if sheet.to else {}
        with self._peers.storage_up:
            done = self._scans.get_blob_client(sheet.name).upload_blob(
                data, overwrite=True, metadata=metadata
            )
        etag = str(done["etag"]).strip('"')
        put = Put(
            scan_id=scan_id(sheet.name, etag, done["last_modified"]),
            name=sheet.name,
            etag=etag,
            digest=digest_of(data),
            size=len(data),
            people=sheet.people - {STRANGER},
            is_whole=sheet.is_whole,
            names_stranger=STRANGER in sheet.people,
            when=time.time(),
        )
        self._record.put(put, self._last.get(sheet.name))
        self._last[sheet.name] = put
        self._record.count("scans put")
        if not sheet.is_whole:
            self._record.count("of these not whole")
        self._tell(put, may_drop=sheet.may_drop)

    def _tell(self, put: Put, *, may_drop: bool) -> None:
        written = Written(
            endpoint=self._peers.azurite.endpoint("blob"),
            container="scans",
            name=put.name,
            etag=f'"{put.etag}"' if self._dice.random() < 0.5 else put.etag,
            size=put.size,
        )
        event = blob_created(written)
        is_cloud = self._dice.random() < 0.5
        event = cloud_event(event) if is_cloud else event
        self._postman.post(event, may_drop=may_drop)


def _named(people: list[str]) -> tuple[str, str, frozenset[str]]:
    return ",".join(people), "", frozenset(people)
