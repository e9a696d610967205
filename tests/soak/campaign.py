"""The campaign from beginning to end: trouble, calm, judgement.

In: a `Pace`. Out: an `Outcome`, counts and violations. The settings make the product's
hours seconds; nothing in the product knows that it is being tested.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from local.azurite import ROOT
from tests.soak.aftermath import Aftermath, is_calm, look
from tests.soak.crew import Crew
from tests.soak.judge import Violation, identical_repeats, judge
from tests.soak.lanes import Terms, figures, whys
from tests.soak.peers import Peers
from tests.soak.postman import Postman
from tests.soak.record import Record
from tests.soak.scanner import Scanner
from tests.soak.trouble import TRUCE_SECONDS, WAR_SECONDS, Trouble
from tests.soak.ways import CONNECTIONS, INSIDE, OUTSIDE, SENDERS

SETTINGS: Mapping[str, str] = {
    "LEASE_SECONDS": "4",
    "RETRY_SECONDS": "0.5,1,2",
    "INCOMPLETE_SECONDS": "1,2",
    "SWEEP_AFTER_SECONDS": "6",
    "PYTHON_THREADPOOL_THREAD_COUNT": "8",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:01",
}
_STEP = 0.25
_CALM_LOOKS = 3
"""Times in a row that nothing may be left to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long, how fast, and with what luck."""

    seconds: float
    seed: int
    rate: float = 3.0
    """Scans per second."""
    workers: int = 3
    drain_seconds: float = 400.0
    """At most, for what is left to do once the trouble is over."""
    keeps: bool = False
    """AFTER_SEND=keep."""

    @property
    def per_minute(self) -> Mapping[str, int]:
        """Way -> QUOTAS of each of its senders: small, so that mails go elsewhere.

        Where workers die in heaps most tokens go with them: a short campaign has one
        way without a quota to either side, or it would have to wait for minutes.
        """
        if self.is_short:
            return {"acs": 120, "exo": 60}
        return {"acs": 60, "exo": 30, "smtp": 100}

    @property
    def is_short(self) -> bool:
        """Whether it ends before workers are spared for the first time."""
        return self.seconds < WAR_SECONDS + TRUCE_SECONDS

    @property
    def terms(self) -> Terms:
        """What the judge holds the ways to."""
        least = {INSIDE[1]: int(self.seconds / 12), OUTSIDE[1]: int(self.seconds / 6)}
        return Terms(
            per_minute=self.per_minute, connections=CONNECTIONS, least_moved=least
        )

    @property
    def settings(self) -> Mapping[str, str]:
        """For the workers."""
        # A sweep reads every row: the more there are, the rarer it is.
        every = 4 if self.is_short else 10
        return {
            **SETTINGS,
            "SWEEP_SCHEDULE": f"*/{every} * * * * *",
            "AFTER_SEND": "keep" if self.keeps else "delete",
            "QUOTAS": "; ".join(f"{w}={n}/min" for w, n in self.per_minute.items()),
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    counts: Mapping[str, int]
    seconds_to_calm: float
    violations: list[Violation]


def run(pace: Pace) -> Outcome:
    """Run a campaign and judge it."""
    record = Record()
    with ExitStack() as stack:
        enter = stack.enter_context
        peers = enter(Peers(Path(enter(tempfile.TemporaryDirectory())), record))
        postman = enter(Postman(peers.azurite, record, pace.seed))
        peers.reported = postman.report
        settings = {**peers.settings, **pace.settings}
        crew = enter(Crew(pace.workers, settings, record, pace.seed))
        scanner = Scanner(peers, postman, record, pace.seed)
        with Trouble(peers, crew, record, pace.seed):
            scanner.scan(pace.seconds, pace.rate)
        end = time.monotonic()
        _drain(peers, postman, crew, pace)
        _release(peers, record, settings)
        _drain(peers, postman, crew, pace)
        calm = time.monotonic() - end
        after = look(peers.azurite, keeps=pace.keeps)
    counts = _counts(record, after, pace.terms)
    return Outcome(counts, calm, judge(record, after, pace.terms))


def _drain(peers: Peers, postman: Postman, crew: Crew, pace: Pace) -> None:
    """Wait until nothing is left to do, or for so long; the judge says what is left."""
    end = time.monotonic() + pace.drain_seconds
    looks = 0
    while looks < _CALM_LOOKS and time.monotonic() < end:
        crew.tend()
        is_over = postman.is_done and is_calm(peers.azurite)
        looks = looks + 1 if is_over else 0
        time.sleep(_STEP)


def _release(peers: Peers, record: Record, settings: Mapping[str, str]) -> None:
    """Do what an operator does with messages that failed too often: release them."""
    table = peers.azurite.tables().get_table_client("ledger")
    rows = list(table.query_entities("state eq 'held' and reason eq 'poisoned'"))
    if not rows:
        return
    record.count("held as poisoned, and released", len(rows))
    words = ["release", "--reason", "poisoned", "--yes"]
    done = subprocess.run(
        [sys.executable, "-m", "ops", *words],
        cwd=ROOT,
        env={**os.environ, **settings},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    record.say("ops", f"release: {done.returncode} {done.stdout}")


def _counts(record: Record, after: Aftermath, terms: Terms) -> Mapping[str, int]:
    counts = dict(record.counts)
    for way in SENDERS:
        taken = [each for each in record.taken if each.transport == way]
        counts[f"mails accepted by {way}"] = len(taken)
    counts["mails accepted again, identically"] = identical_repeats(record)
    counts["scans written over, or after, by us"] = len(record.replaced)
    counts["rows in the ledger"] = len(after.rows)
    counts |= figures(record, terms)
    counts.update(Counter(whys(after)))
    return {name: count for name, count in sorted(counts.items()) if count}
