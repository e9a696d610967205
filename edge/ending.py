"""Do the bytes announce their end, and is it there? By the core's own structure check.

In: an open descriptor, its size and name. Out: an `Ending`, and why it is not whole.
Reads the file once, in pieces, or its two ends alone where these tell; memory stays
under 5 MB. Raises OSError.
"""

from __future__ import annotations

import os

from shared import kinds
from shared.model import Kind
from shared.sidecar import SIZE_LIMIT, SidecarError, parse_sidecar
from shared.whole import Fetch, Verdict, Watch, judge_ends

from .finished import Ending

_HEAD = 1 << 20
"""What `kinds.sniff` wants to see."""
_GLANCE = 4096
"""What tells a PDF."""
_PIECE = 1 << 18
_BLANK = b"\0" * 8
_GROWING = frozenset({Kind.TIFF, Kind.TXT})
"""Whole at every moment: a TIFF may get one more page, a text one more line."""
_FORMS = {".xml": "xml", ".json": "json"}


def ending(descriptor: int, size: int, name: str) -> tuple[Ending, str]:
    """Judge a file by its bytes; a sidecar that can be read to its end is whole."""

    def fetch(at: int, length: int) -> bytes:
        return os.pread(descriptor, length, at)

    if kinds.sniff(fetch(0, _GLANCE), name) is Kind.PDF:
        # Nearly all scans: of these little is read.
        ends = judge_ends(Kind.PDF, size, fetch)
        if ends:
            return _said(ends, Kind.PDF)
    head = fetch(0, min(_HEAD, size))
    kind = kinds.sniff(head, name)
    if kind in {None, Kind.TXT} and _is_sidecar(head, size, name):
        return Ending.WHOLE, ""
    if kind is None:
        if head.startswith(_BLANK) and kinds.kind_named(name):
            return Ending.CUT, "Its first bytes have not been written yet."
        return Ending.OPEN, ""

    return _said(_judged(kind, size, fetch, head), kind)


def _said(verdict: Verdict, kind: Kind) -> tuple[Ending, str]:
    if not verdict.is_whole:
        return Ending.CUT, verdict.why
    return (Ending.OPEN if kind in _GROWING else Ending.WHOLE), ""


def _judged(kind: Kind, size: int, fetch: Fetch, head: bytes) -> Verdict:
    """Judge it by all its bytes."""
    watch = Watch(kind, size, fetch)
    watch.feed(head)
    at = len(head)
    while at < size and not watch.is_hopeless:
        piece = fetch(at, min(_PIECE, size - at))
        if not piece:
            break
        watch.feed(piece)
        at += len(piece)
    return watch.finish()


def _is_sidecar(head: bytes, size: int, name: str) -> bool:
    form = _FORMS.get(name[name.rfind(".") :].lower())
    if form is None or not 0 < size <= SIZE_LIMIT:
        return False
    try:
        parse_sidecar(head, form)
    except SidecarError:
        return False
    return True
