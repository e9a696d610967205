"""One scan in a fresh process: how much its peak memory rises above idle.

`python -m tests.bench.memory WAY`, WAY being `product`, or `message` or `sdk` for the
baselines. The scans lie ready: whoever puts them holds them in memory. Prints MB.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path

from shared import path, settings
from shared.journal import quiet_others
from shared.works import build
from tests.bench import baselines
from tests.makers import an_event

WARM_UPS = tuple(f"warm/{number}.pdf" for number in range(5))
ONE = "mfp/one.pdf"
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident_mb(field: str) -> float:
    """`VmRSS` now, or `VmHWM`, the peak, in MB of 1,000,000 bytes."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(field)


def product() -> Callable[[str], None]:
    """Handle a scan as the function does."""
    quiet_others()
    works = build(settings.read())

    def handle(name: str) -> None:
        path.receive_event(works, json.dumps(an_event(name, eTag="")))

    return handle


WAYS: dict[str, Callable[[], Callable[[str], None]]] = {
    "product": product,
    "message": lambda: baselines.mail_by_smtplib,
    "sdk": baselines.acs_sender,
}


def main(way: str) -> None:
    """Warm up, rest, send once, and tell."""
    handle = WAYS[way]()
    for name in WARM_UPS:
        handle(name)
    gc.collect()
    idle = resident_mb("VmRSS")
    CLEAR.write_text("5")
    handle(ONE)
    print(json.dumps(round(resident_mb("VmHWM") - idle, 2)))


if __name__ == "__main__":
    main(sys.argv[1])
