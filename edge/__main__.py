"""Dispatch `scanpost-edge VERB …`; the one border where an error is an exit status.

0 done · 1 the answer is no · 2 usage or configuration · 3 try again later.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from shared.errors import ConfigError, ForwardError, TransientError
from shared.stores.border import DeniedError

from . import check, guess, status
from .book import BookError
from .hold import HeldError
from .running import ONCE, RUN

VERBS = (check, guess, ONCE, RUN, status)
NO, USAGE, LATER = 1, 2, 3


def parser() -> argparse.ArgumentParser:
    """Build the command line; every verb brings its own words."""
    top = argparse.ArgumentParser(
        prog="scanpost-edge", description="Bring scans from a folder to Scanpost."
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb in VERBS:
        verb.add_to(verbs)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    words = parser().parse_args(arguments)
    try:
        return _heard(int(words.run(words)))
    except BrokenPipeError:
        # Of what is printed: that of a connection is a ForwardError.
        return _heard(NO)
    except (ConfigError, DeniedError, BookError, HeldError) as exc:
        return _said(exc, USAGE)
    except ForwardError as exc:
        return _said(exc, LATER if isinstance(exc, TransientError) else NO)


def _heard(status: int) -> int:
    """Print what is left; the status is as good where nobody reads it."""
    try:
        sys.stdout.flush()
    except OSError as exc:
        # What could not be printed is tried again at the end, and would be a traceback.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if not isinstance(exc, BrokenPipeError):
            _said(f"what was printed is lost: {exc}", status)
    return status


def _said(what: object, status: int) -> int:
    print(f"scanpost-edge: {what}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
