"""`python -m local.host --app DIR`: run a function app until SIGTERM or Ctrl-C.

Settings come from the environment. Prints `serving ADDRESS`, `key KEY` and, once every
queue is polled, `ready`. Exit status: 0 drained, 2 the app or its settings are wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import signal
import sys
import threading
import traceback
from pathlib import Path

from local.host.config import AppError
from local.host.host import Host
from local.host.logs import speak

WRONG = 2


def main(words: argparse.Namespace) -> int:
    """Load, serve, drain."""
    speak()
    key = words.key or secrets.token_urlsafe(24)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    if words.until_eof:
        threading.Thread(target=_watch, args=(stopping,), daemon=True).start()
    try:
        host = Host(Path(words.app).resolve(), os.environ, words.lease, key)
        address = host.start(words.port)
    except (AppError, OSError) as exc:
        print(f"host: {exc}", file=sys.stderr)
        return WRONG
    with contextlib.suppress(BrokenPipeError):
        print(f"serving {address}\nkey {key}\nready", flush=True)
        stopping.wait()
    # Told to stop; or whoever started us has gone already, and reads nothing more.
    host.stop()
    return 0


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.host", description=__doc__)
    parser.add_argument("--app", default=".", help="folder with function_app.py")
    parser.add_argument("--port", type=int, default=0, help="of HTTP; 0: a free one")
    parser.add_argument("--key", default="", help="the function key; else made up")
    parser.add_argument(
        "--lease", type=int, default=600, help="seconds a message is leased at a time"
    )
    parser.add_argument(
        "--until-eof", action="store_true", help="end when standard input does"
    )
    return parser.parse_args()


def _watch(stopping: threading.Event) -> None:
    """Whoever started us holds the other end, and lets go however it ends."""
    sys.stdin.buffer.read()
    stopping.set()


if __name__ == "__main__":
    asked, status = _words(), 1
    try:
        status = main(asked)
        sys.stdout.flush()
    finally:
        fault = sys.exception()
        if fault and not isinstance(fault, BrokenPipeError):
            traceback.print_exception(fault)
        # A thread that hangs must not keep the process: what it held comes again.
        os._exit(status)
