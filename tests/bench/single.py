"""One scan at a time: from the blob being written to the mail being accepted.

Prints, for each, the whole time and the parts of it that the log line tells, in ms; and
when the blob was there, so that the peers' clock can be held against it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time

from shared import path, settings
from shared.journal import LOGGER, quiet_others
from shared.works import build
from tests.bench.stage import put, rig_clients

_FIELD = re.compile(r"(\w+)_ms=(\d+)")


class Lines(logging.Handler):
    """Keeps the last line."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        Lines.last = record.getMessage()


def main(count: int, size: int, to: str) -> None:
    """Send them one by one."""
    quiet_others()
    LOGGER.setLevel(logging.INFO)
    LOGGER.addHandler(Lines())
    works = build(settings.read())
    blobs, _ = rig_clients(os.environ["SCAN_STORAGE"])
    out = []
    for number in range(count):
        event = put(blobs, f"mfp/{number}.pdf", size, to)
        written, start = time.time(), time.perf_counter()
        path.receive_event(works, event)
        took = (time.perf_counter() - start) * 1000
        parts = {name: int(ms) for name, ms in _FIELD.findall(Lines.last)}
        out.append({"written": written, "took": took, **parts})
    print(json.dumps(out))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
