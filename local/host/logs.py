"""The app's log on standard output, one line per record as it comes.

Libraries are heard from WARNING on, as host.json asks for in Azure.
"""

from __future__ import annotations

import logging
import sys

LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"
QUIET = ("azure", "azure.functions", "urllib3", "msal")


class OneLine(logging.Formatter):
    """A record with its traceback, on one line: whoever reads lines reads it whole."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record; ` | ` stands where a line ended."""
        return " | ".join(super().format(record).splitlines())


def speak() -> None:
    """Log to standard output from now on."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(OneLine(LINE))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
