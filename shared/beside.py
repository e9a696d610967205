"""Which file lies beside a scan and speaks for it, and which scan is only such a file.

Raises `StorageError`.
"""

from __future__ import annotations

from .model import Place
from .receive import IgnoredError
from .route import is_sidecar, sidecar_wanted
from .row import Row
from .rulebook import RoutesBrokenError
from .settle import MAILED
from .sidecar import sidecar_names
from .works import Works

FORMS = (".json", ".xml")


def refuse_sidecar(works: Works, row: Row) -> None:
    """Leave a file alone that speaks about a scan, or may. Raises IgnoredError."""
    try:
        rules = works.rulebook.current().rules
    except RoutesBrokenError as exc:
        # Taken for a scan it would be moved, and its own scan would go without it.
        if row.path.lower().endswith(FORMS):
            what = f"{row.path!r} may be a sidecar: left to sweep until routes are good"
            raise IgnoredError(what) from exc
        return
    if is_sidecar(row.path, row.device, rules):
        raise IgnoredError(f"{row.path!r} is the sidecar of a scan")


def sidecar_of(works: Works, row: Row) -> Place | None:
    """The sidecar that lies beside a scan's bytes and shares their fate."""
    try:
        rules = works.rulebook.current().rules
    except RoutesBrokenError:
        return None
    form = sidecar_wanted(row.path, row.device, rules)
    for name in sidecar_names(row.name, form) if form else ():
        blob = works.account.blobs.find(row.container, name)
        # What came after the mail belongs to the next scan of this name.
        if blob and not (row.state in MAILED and blob.modified > row.updated):
            return blob.place
    return None
