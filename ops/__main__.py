"""Dispatch `scanpost VERB …`; the one border where an error becomes an exit status.

0 done · 1 the answer is no · 2 usage or configuration · 3 try again later.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from ops import check, explain, list_, login, quota, release, send_test, show
from shared.errors import ConfigError, ForwardError, TransientError
from shared.journal import quiet_others
from shared.stores.border import DeniedError

VERBS = (check, explain, list_, show, release, send_test, quota, login)
DONE, NO, USAGE, LATER = range(4)


def parser() -> argparse.ArgumentParser:
    """Build the command line; every verb brings its own words."""
    top = argparse.ArgumentParser(
        prog="scanpost", description="Look after a Scanpost deployment."
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb in VERBS:
        verb.add_to(verbs)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    quiet_others()
    # What a sign-in tried stands in the error, once.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    words = parser().parse_args(arguments)
    try:
        status = int(words.run(words))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us has seen enough; Python would complain at its end, too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = NO
    except ForwardError as exc:
        status = _said(exc, _status(exc))
    except KeyboardInterrupt:
        status = _said("stopped", NO)
    return status


def _status(error: ForwardError) -> int:
    if isinstance(error, ConfigError | DeniedError):
        return USAGE
    return LATER if isinstance(error, TransientError) else NO


def _said(what: object, status: int) -> int:
    print(f"scanpost: {what}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
