"""Bytes at hand -> what is to be done with them: send by a plan, wait, or hold.

In: a row without a plan of its present generation, and the opened blob. Out: the row as
it should be written next. Runs the first half of the path: kind, wholeness, rules,
sidecar, recipients, plan. Raises `StorageError` and `BytesError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .content import Bytes
from .errors import MissingError
from .kinds import fitting_name, sniff
from .model import Kind, Place, Reason, Scan, State
from .names import file_of
from .plan import Order, make_plan
from .receive import known_metadata
from .route import Sides, route, sidecar_wanted
from .row import Row
from .rulebook import Book, Rulebook, RoutesBrokenError
from .settle import HELD, SCANS
from .sidecar import SIZE_LIMIT, SidecarError, parse_sidecar, sidecar_names
from .stores.blobs import Blobs, Opened

SIDECAR_WAIT = timedelta(seconds=60)
"""How long a scan waits for the file beside it (design.md §4)."""
SIDECAR_LOOKS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What deciding needs."""

    blobs: Blobs
    rulebook: Rulebook
    sides: Sides
    incomplete_seconds: Sequence[timedelta]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done."""

    row: Row
    """`sending` with a plan, `waiting` or `held`; nothing is written yet."""
    beside: Place | None = None
    """The sidecar, where there is one."""
    trail: tuple[str, ...] = ()
