"""The edge agent's figures: how fast, how soon, and what it costs when nothing comes.

It is held against `rclone copy --transfers 8`, which copies and does no more: it leaves
the files where they are, and would take half of one.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Iterable

from azure.storage.blob import BlobProperties

from tests.bench.edge_site import DELAY_SECONDS, Site, has_rclone
from tests.bench.figures import MB, Figure
from tests.bench.stage import Stage
from tests.samples import a_pdf

SMALL, LARGE = (500, 400_000), (20, 25 * MB)
WANTED = {(SMALL, 0.0): 1.0, (SMALL, DELAY_SECONDS): 1.5}
"""Times rclone; for large files 1.3 on either line."""
WARM_UP = (40, 400_000)
FOLDERS, IDLE_SECONDS, SETTLE_SECONDS = 50, 60.0, 5.0
SCANS = 120


def throughput(rounds: int) -> list[Figure]:
    """Files that lie there until all are in storage, and gone here; against rclone."""
    cells = [(set_, delay) for set_ in (SMALL, LARGE) for delay in (0.0, DELAY_SECONDS)]
    # Whoever goes first is slower, by a seventh: each does so as often as the other.
    even = rounds + rounds % 2
    return [_cell(set_, delay, even) for set_, delay in cells]


def _cell(files: tuple[int, int], delay: float, rounds: int) -> Figure:
    count, size = files
    line = "20 ms round trip" if delay else "loopback"
    name = f"edge: {count} × {size // 1000} kB, {line}, against rclone"
    wanted = WANTED.get((files, delay), 1.3)
    if not has_rclone():
        note = "rclone is not installed: `sh tests/setup.sh`, or the Debian package"
        return Figure(name, f"{wanted} ×", "not measured", None, note)
    found = [_round(files, delay, is_first=n % 2 == 0) for n in range(rounds)]
    ratio = statistics.median(theirs / ours for ours, theirs in found)
    shown = " ".join(f"{ours:.2f}:{theirs:.2f}" for ours, theirs in found)
    load = os.getloadavg()[0]
    return Figure(
        name,
        f"{wanted} ×",
        f"{ratio:.2f} ×",
        ratio >= wanted,
        f"median of {rounds} rounds; seconds ours:rclone {shown}; "
        f"neither's start counts; load at the end {load:.1f}",
    )


def _round(
    files: tuple[int, int], delay: float, *, is_first: bool
) -> tuple[float, float]:
    """Seconds of ours, and of rclone; a storage of its own, for it slows as it fills.

    Who comes first has the emptier one: they take turns.
    """
    with Stage(is_counted=False) as stage, Site(stage, delay) as site:
        sides = [_ours, _theirs] if is_first else [_theirs, _ours]
        for side in sides:
            side(site, WARM_UP)
        took = {side: side(site, files) for side in sides}
    return took[_ours], took[_theirs]


def _ours(site: Site, files: tuple[int, int]) -> float:
    """A running agent, into whose folder the files are moved all at once."""
    ready, container = site.files(*files), site.container()
    folders = site.watched("mfp")
    with site.agent(folders, container.container_name) as agent:
        start = time.perf_counter()
        ready.rename(folders[0] / ready.name)
        agent.wait_until_sent(files[0])
        took = time.perf_counter() - start
    (folders[0] / ready.name).rmdir()
    _judge(container.list_blobs(), files)
    return took


def _theirs(site: Site, files: tuple[int, int]) -> float:
    """The command, less what it takes where there is nothing to copy."""
    folder, container = site.files(*files), site.container()
    nothing = site.rclone(site.files(0, MB), site.container().container_name)
    took = site.rclone(folder, container.container_name) - nothing
    for each in folder.iterdir():
        each.unlink()
    _judge(container.list_blobs(), files)
    return took


def _judge(blobs: Iterable[BlobProperties], files: tuple[int, int]) -> None:
    """Nobody is fast who leaves something out."""
    count, size = files
    whole = sum(each.size == len(a_pdf(size - len(a_pdf()))) for each in blobs)
    if whole != count:
        raise RuntimeError(f"{whole} of {count} files arrived whole")


def latency(stage: Stage) -> list[Figure]:
    """From a printer's last close to the blob, one file at a time."""
    dice = random.Random(0)  # noqa: S311 (no secret)
    data, waits = a_pdf(SMALL[1]), []
    with Site(stage) as site:
        folders = site.watched("mfp")
        with site.agent(folders) as agent:
            for number in range(SCANS):
                time.sleep(dice.uniform(0.05, 0.25))
                with (folders[0] / f"scan-{number}.pdf").open("wb") as file:
                    for at in range(0, len(data), 65_536):
                        file.write(data[at : at + 65_536])
                closed = time.perf_counter()
                agent.wait_until_sent(number + 1)
                waits.append((time.perf_counter() - closed) * 1000)
    found = statistics.median(waits)
    worst = statistics.quantiles(waits, n=20)[-1]
    return [
        Figure(
            "edge: last close to blob committed, PDF of 400 kB",
            "120 ms",
            f"{found:.0f} ms",
            found < 120,
            f"median of {SCANS}, p95 {worst:.0f} ms; the file's removal counts too",
        )
    ]


def idle(stage: Stage) -> list[Figure]:
    """An agent to which nothing comes."""
    with Site(stage) as site:
        folders = site.watched(*(f"mfp-{number}" for number in range(FOLDERS)))
        with site.agent(folders) as agent:
            time.sleep(SETTLE_SECONDS)
            before = agent.core_seconds()
            time.sleep(IDLE_SECONDS)
            share = (agent.core_seconds() - before) / IDLE_SECONDS
            size = agent.peak_mb()
    return [
        Figure(
            f"edge: idle, {FOLDERS} folders watched",
            "0.2 % of a core",
            f"{share:.2%} of a core".replace("%", " %"),
            share < 0.002,
            f"over {IDLE_SECONDS:.0f} s, heartbeat included; {size:.0f} MB of memory",
        )
    ]


def weight(stage: Stage) -> list[Figure]:
    """The most memory while a file of 300 MB is under way, and others pass it."""
    with Site(stage) as site:
        folders = site.watched("mfp")
        with site.agent(folders) as agent:
            large, others = site.files(1, 300 * MB), site.files(*LARGE)
            large.rename(folders[0] / large.name)
            others.rename(folders[0] / others.name)
            agent.wait_until_sent(1 + LARGE[0])
            peak = agent.peak_mb()
    return [
        Figure(
            "edge: resident memory, a file of 300 MB under way",
            "80 MB",
            f"{peak:.0f} MB",
            peak < 80,
            f"the process's peak; {LARGE[0]} files of 25 MB go at the same time",
        )
    ]
