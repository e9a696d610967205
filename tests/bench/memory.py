"""One scan in a fresh process: how much its peak memory rises above idle.

`python -m tests.bench.memory WAY SIZE`, WAY being `hve` or `acs` for the product, and
`message` or `sdk` for the baselines. Prints MB as JSON.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench import baselines
from tests.bench.stage import INSIDE, OUTSIDE, put, rig_clients

WARM_UPS, SMALL = 5, 60_000
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident_mb(field: str) -> float:
    """`VmRSS` now, or `VmHWM`, the peak, in MB of 1,000,000 bytes."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(field)


def product(to: str) -> Callable[[str, int], None]:
    """Handle a scan as the function does."""
    from shared import path, settings
    from shared.journal import quiet_others
    from shared.works import build

    quiet_others()
    works = build(settings.read())
    blobs, _ = rig_clients(os.environ["SCAN_STORAGE"])

    def handle(name: str, size: int) -> None:
        event = put(blobs, name, size, to)
        gc.collect()
        CLEAR.write_text("5")
        path.receive_event(works, event)

    return handle


def baseline(send: Callable[[str], None], to: str) -> Callable[[str, int], None]:
    """Handle a scan as the baseline does."""
    blobs, _ = rig_clients(os.environ["SCAN_STORAGE"])

    def handle(name: str, size: int) -> None:
        put(blobs, name, size, to)
        gc.collect()
        CLEAR.write_text("5")
        send(name)

    return handle


WAYS: dict[str, Callable[[], Callable[[str, int], None]]] = {
    "hve": lambda: product(INSIDE),
    "acs": lambda: product(OUTSIDE),
    "message": lambda: baseline(baselines.mail_by_smtplib, INSIDE),
    "sdk": lambda: baseline(baselines.acs_sender(), OUTSIDE),
}


def main(way: str, size: int) -> None:
    """Warm up, rest, send once, and tell."""
    handle = WAYS[way]()
    for number in range(WARM_UPS):
        handle(f"warm/{number}.pdf", SMALL)
    gc.collect()
    idle = resident_mb("VmRSS")
    handle("mfp/one.pdf", size)
    print(json.dumps(round(resident_mb("VmHWM") - idle, 2)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
