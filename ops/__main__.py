"""Dispatch `scanpost VERB …`; the one border where an error becomes an exit status.

0 done · 1 the answer is no · 2 usage or configuration · 3 try again later.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ops import check, explain, list_, release, show
from shared.errors import ConfigError, ForwardError, TransientError
from shared.journal import quiet_others

VERBS = (check, explain, list_, show, release)
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
    words = parser().parse_args(arguments)
    try:
        return int(words.run(words))
    except ConfigError as exc:
        return _said(exc, USAGE)
    except TransientError as exc:
        return _said(exc, LATER)
    except ForwardError as exc:
        return _said(exc, NO)
    except KeyboardInterrupt:
        return _said("stopped", NO)


def _said(what: object, status: int) -> int:
    print(f"scanpost: {what}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
