"""The plain loop over all scans that lie in `scans`: `python -m tests.bench.loop WAY`.

WAY is `smtp` (read, build, connect, send, delete) or `acs` (read, send by the SDK).
Prints scans per second.
"""

from __future__ import annotations

import json
import sys
import time

from tests.bench import baselines


def main(way: str) -> None:
    """Send them all, one after the other."""
    names = list(baselines.blobs().get_container_client("scans").list_blob_names())
    send = baselines.mail_by_smtplib if way == "smtp" else baselines.acs_sender()
    start = time.perf_counter()
    for name in names:
        send(name)
    print(json.dumps(len(names) / (time.perf_counter() - start)))


if __name__ == "__main__":
    main(sys.argv[1])
