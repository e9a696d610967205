"""`python -m local run [--once]` and `python -m local peers`: `make run`, `make peers`.

Exit status: 0 done, 1 not all scans arrived, 2 something cannot start.
"""

from __future__ import annotations

import argparse
import fcntl
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from local.azurite import ROOT, CannotStartError

CANNOT = 2
_PORTS = range(1, 65536)


def main() -> int:
    """Run one of the two."""
    words = _words()
    # Whoever ends us politely gets the same good-bye as by Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    is_once = words.verb == "run" and words.once
    try:
        with ExitStack() as stack:
            _alone(stack, words.data)
            return _start(words)
    except CannotStartError as exc:
        print(exc, file=sys.stderr)
        return CANNOT
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        # Nobody waited for the three: that is no success.
        return 1 if is_once else 0


def _start(words: argparse.Namespace) -> int:
    # Imported here: a wrong word or a second run is told of at once.
    from local.run import run
    from local.serving import peers

    if words.verb == "run":
        return run(words.data, words.port, once=words.once)
    return peers(words.data, words.port)


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument(
        "--data",
        type=lambda text: Path(text).resolve(),
        default=ROOT / ".local",
        help="where everything is kept; `drop` and local.settings.json lie beside it",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="send three sample scans, then what is dropped")
    run.add_argument("--once", action="store_true", help="end after the three")
    peers = verbs.add_parser("peers", help="start everything but the functions")
    for verb in (run, peers):
        verb.add_argument("--port", type=_port, help="of the inbox page")
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) not in _PORTS:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: write 1024 to 65535")
    return int(text)


def _alone(stack: ExitStack, folder: Path) -> None:
    """Take the folder for us; the system gives it back however we end."""
    folder.mkdir(exist_ok=True)
    file = stack.enter_context((folder / "lock").open("w"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        raise CannotStartError(
            "`make run` or `make peers` runs here already: end it first."
        ) from exc


if __name__ == "__main__":
    sys.exit(main())
