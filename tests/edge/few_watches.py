"""Watches a folder where the system has few watches, or no queue for them; prints it.

Run as root of a user namespace of its own: `unshare --user --map-root-user`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from .eye import Eye, Folder
from .papers import a_document

if __name__ == "__main__":
    try:
        Path("/proc/sys/user", sys.argv[2]).write_text(sys.argv[3])
    except OSError as exc:
        sys.exit(f"unshare: {exc}")
    top = Path(sys.argv[1])
    for number in range(6):
        (top / str(number)).mkdir()
    with Eye([Folder(top)]) as eye:
        for number in range(6):
            (top / str(number) / "x.pdf").write_bytes(a_document("few"))
        eye.wait(6, 8.0)
    sys.stdout.write(" ".join(sorted(each.path for each in eye.taken)))
