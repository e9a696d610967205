"""Storage has a file: it is removed here, or kept in `_sent/`.

What was written to it after it had been read is another scan, and goes back under its
name. Raises `OSError`; called again it goes on where it stopped.
"""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from . import claim as claims
from . import reach
from .book import Book
from .claim import Claimed
from .entry import Entry, Step
from .sight import Mark, Sight

_PIECE_BYTES = 1 << 20


def clear(
    entry: Entry,
    members: Iterable[Claimed],
    book: Book,
    *,
    keeps: bool,
    is_left_over: bool = False,
) -> list[Sight]:
    """Clear all of them away, and write it down; returns what is another scan now."""
    anew = []
    for each in members:
        is_done = partial(_is_sent, entry, each, is_left_over)
        # One that is gone went by hand, or by us before we were stopped.
        with suppress(FileNotFoundError):
            if not keeps:
                is_gone = claims.discard(each, is_done)
            elif is_gone := is_done(Mark.of(reach.stat(each.place.path, each.at))):
                claims.keep(each)
            if not is_gone:
                anew.append(Sight(each.place, claims.give_back(each)))
    book.note(replace(entry, step=Step.CLEARED, changed=time.time()))
    return anew


def _is_sent(entry: Entry, claimed: Claimed, is_left_over: bool, mark: Mark) -> bool:
    """Whether the bytes are those that went; only times may differ."""
    if mark == claimed.mark and not is_left_over:
        return True
    is_whole = claimed.claim_id == entry.claim_id and not entry.pages
    if not is_whole or not entry.md5:
        return mark.is_same_content(claimed.mark)
    if mark.size != entry.size:
        return False
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with os.fdopen(reach.claimed(claimed.file), "rb") as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
    except reach.NotAFileError:
        # Somebody put it there: not what went, and given back it is seen.
        return False
    return base64.b64encode(digest.digest()).decode() == entry.md5
