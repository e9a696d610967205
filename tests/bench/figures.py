"""The figures, one function each: what was measured, and what it is held against."""

from __future__ import annotations

import base64
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.bench.memory import ONE, WARM_UPS
from tests.bench.stage import INSIDE, OUTSIDE, ROOT, Stage
from tests.bench.worker import Worker, core_seconds

MB = 1_000_000
SMALL = 100_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table."""

    name: str
    wanted: str
    got: str
    is_met: bool | None = None
    """None: there is nothing to reach."""
    note: str = ""


def transactions(stage: Stage) -> list[Figure]:
    """Storage transactions per scan, counted by Azurite's own log."""
    wanted = {"60 kB": (60_000, 6), "7 MB": (7 * MB, 8), "30 MB": (30 * MB, 13)}
    figures = []
    with Worker(stage.environment) as worker:
        _through(stage, worker, "warm/up.pdf", 60_000)
        for name, (size, most) in wanted.items():
            stage.seen()
            _through(stage, worker, f"mfp/{size}.pdf", size)
            requests = dict(stage.seen().requests)
            # The host asks an empty queue again and again: one of these gave a message.
            requests.pop("queue.GetMessages", None)
            total = sum(requests.values()) + 1
            words = ", ".join(f"{n} × {each}" for each, n in sorted(requests.items()))
            figures.append(
                Figure(
                    f"storage transactions, {name}, HVE",
                    f"{most}",
                    f"{total}",
                    total <= most,
                    f"1 × queue.GetMessages, {words}",
                )
            )
    return figures


def _through(stage: Stage, worker: Worker, name: str, size: int) -> None:
    """Send one scan through the functions and wait until it is done."""
    before = worker.sent
    _queue(stage, [stage.put(name, size, INSIDE)])
    _wait(lambda: worker.sent > before)
    time.sleep(0.3)


def _queue(stage: Stage, events: list[str]) -> None:
    queue = stage.queues.get_queue_client("scan-events")
    for event in events:
        queue.send_message(base64.b64encode(event.encode()).decode())


def _wait(is_true: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > end:
            raise TimeoutError("the functions did not finish")
        time.sleep(0.02)


def memory(stage: Stage) -> list[Figure]:
    """Peak memory above idle while one scan goes."""
    plan = [
        (INSIDE, "SMTP", (1, 7, 30), "message", "EmailMessage and smtplib"),
        (OUTSIDE, "ACS", (1, 7), "sdk", "the SDK with a dict"),
    ]
    figures = []
    for to, words, sizes, other, plain in plan:
        for size in sizes:
            ours = max(_peak(stage, "product", size * MB, to) for _ in range(3))
            theirs = _peak(stage, other, size * MB, to)
            figures.append(
                Figure(
                    f"peak memory above idle, {size} MB by {words}",
                    "8 MB",
                    f"{ours:.1f} MB",
                    ours <= 8,
                    f"{plain}: {theirs:.1f} MB, {theirs / size:.1f} × the file",
                )
            )
    return figures


def _peak(stage: Stage, way: str, size: int, to: str) -> float:
    """Put the scans, and let a fresh process handle them."""
    for name in WARM_UPS:
        stage.put(name, 60_000, to)
    stage.put(ONE, size, to)
    peak: float = stage.child("memory", way)
    stage.empty()
    return peak


def sixteen(stage: Stage) -> list[Figure]:
    """16 calls at once, 7 MB each: the worker process."""
    with Worker(stage.environment) as worker:
        _through(stage, worker, "warm/up.pdf", 60_000)
        idle = worker.resident_mb("VmRSS")
        events = [stage.put(f"mfp/{n}.pdf", 7 * MB, INSIDE) for n in range(48)]
        before = worker.sent
        _queue(stage, events)
        _wait(lambda: worker.sent >= before + 48)
        peak = worker.resident_mb("VmHWM")
    return [
        Figure(
            "worker process, 16 calls at once, 7 MB each",
            "150 MB",
            f"{peak:.0f} MB",
            peak < 150,
            f"idle {idle:.0f} MB; 48 scans, host and worker in one process",
        )
    ]


def rates(stage: Stage) -> list[Figure]:
    """Mails per second through the SMTP transport, against a plain loop."""
    figures = []
    for size, count, wanted in ((SMALL, 100, 5.0), (MB, 25, 1.3)):
        rounds = stage.child("rate", str(size), str(count))
        ratio = statistics.median(ours / plain for ours, plain in rounds)
        ours = statistics.median(pair[0] for pair in rounds)
        plain = statistics.median(pair[1] for pair in rounds)
        figures.append(
            Figure(
                f"mails per second, SMTP, {size // 1000} kB, one session",
                f"{wanted} ×",
                f"{ratio:.1f} ×",
                ratio >= wanted,
                f"{ours:.0f}/s against {plain:.0f}/s; median of {len(rounds)} rounds",
            )
        )
    return figures


def flow(stage: Stage, count: int, rounds: int) -> list[Figure]:
    """Scans per second end to end, against loops that claim and record nothing."""
    figures = []
    for way, to, wanted in (("smtp", INSIDE, 1.5), ("acs", OUTSIDE, 1.0)):
        # The first round warms the peers: Node.js compiles what it runs often.
        found = [_round(stage, way, to, count) for _ in range(rounds + 1)][1:]
        pairs = [(ours.rate, plain) for ours, plain in found]
        ratio = statistics.median(ours / plain for ours, plain in pairs)
        shown = " ".join(f"{ours:.0f}:{plain:.0f}" for ours, plain in pairs)
        figures.append(
            Figure(
                f"scans per second end to end, {way.upper()}, 100 kB",
                f"{wanted} ×",
                f"{ratio:.2f} ×",
                ratio >= wanted,
                f"{count} scans a round; ours:loop per second {shown}; "
                f"ms of a core per scan: {_costs([ours for ours, _ in found])}",
            )
        )
    return figures


@dataclass(frozen=True, slots=True)
class Drained:
    """How a full queue was emptied."""

    rate: float
    """Scans per second."""
    costs: Mapping[str, float]
    """Process -> ms of a core per scan."""


def _costs(rounds: list[Drained]) -> str:
    return ", ".join(
        f"{name} {statistics.median(each.costs[name] for each in rounds):.1f}"
        for name in rounds[0].costs
    )


def _round(stage: Stage, way: str, to: str, count: int) -> tuple[Drained, float]:
    """Ours, and the loop's scans per second, over the same number of scans."""
    stage.fill(count, SMALL, to, with_events=True)
    ours = _drained(stage, count)
    stage.fill(count, SMALL, to, with_events=False)
    plain = stage.child("loop", way)
    stage.empty()
    return ours, plain


def _drained(stage: Stage, count: int) -> Drained:
    """From the first scan that is done until the last."""
    pids = stage.pids()
    with Worker(stage.environment) as worker:

        def taken() -> dict[str, float]:
            peers = {name: core_seconds(pid) for name, pid in pids.items()}
            return {**peers, "host and worker": worker.core_seconds()}

        _wait(lambda: worker.sent >= 1)
        start, first, before = time.perf_counter(), worker.sent, taken()
        _wait(lambda: worker.sent >= count)
        seconds, done = time.perf_counter() - start, count - first
        costs = {k: (v - before[k]) / done * 1000 for k, v in taken().items()}
    return Drained(done / seconds, costs)


def cold_start() -> list[Figure]:
    """Importing the app, against importing what it is made of."""
    ours, plain = (
        "function_app",
        ", ".join(("azure.functions", "azure.storage.blob", "azure.storage.queue")),
    )
    plain += ", azure.data.tables"
    pairs = [(_import(ours), _import(plain)) for _ in range(11)]
    ratio = statistics.median(a / b for a, b in pairs)
    ms = statistics.median(a for a, _ in pairs) * 1000
    return [
        Figure(
            "cold start: import function_app",
            "1.15 ×",
            f"{ratio:.2f} ×",
            ratio <= 1.15,
            f"{ms:.0f} ms, interpreter included; against importing {plain}",
        )
    ]


def _import(names: str) -> float:
    start = time.perf_counter()
    words = [sys.executable, "-c", f"import {names}"]
    subprocess.run(words, cwd=ROOT, check=True, env=os.environ)
    return time.perf_counter() - start


def single(stage: Stage) -> list[Figure]:
    """Time from blob written to mail accepted, one scan at a time."""
    figures = []
    for way, to in (("SMTP", INSIDE), ("ACS", OUTSIDE)):
        stage.seen()
        told = stage.child("single", "120", str(SMALL), to)[20:]
        accepted = stage.seen().mails[20:]
        waits = [a - t["written"] for a, t in zip(accepted, told, strict=True)]
        parts = _parts(told)
        figures.append(
            Figure(
                f"blob written to mail accepted, {way}, 100 kB",
                "stated",
                f"{statistics.median(waits) * 1000:.1f} ms",
                None,
                f"median of {len(waits)}; of the whole call of "
                f"{parts['took']:.1f} ms: {json.dumps(parts)}",
            )
        )
    return figures


def _parts(told: list[Mapping[str, float]]) -> dict[str, float]:
    names = ("took", "storage", "mail", "token")
    return {
        name: round(statistics.mean(each.get(name, 0) for each in told), 1)
        for name in names
    }
