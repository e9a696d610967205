"""Storage has a file: it is removed here, or kept in `_sent/`.

What was written to it after it had been read is another scan, and goes back under its
name. Raises `OSError` and `BookError`; called again it goes on where it stopped.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterable
from dataclasses import replace

from . import claim as claims
from . import reach
from .book import Book, Entry, Step
from .claim import Claimed
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
        try:
            mark = Mark.of(reach.stat(each.place.path, each.at))
            is_same = mark == each.mark and not is_left_over
            if not is_same and not _is_sent(entry, each, mark):
                anew.append(Sight(each.place, claims.give_back(each)))
            elif keeps:
                claims.keep(each)
            else:
                claims.discard(each)
        except FileNotFoundError:
            # By hand, or by us before we were stopped.
            continue
    book.write(replace(entry, step=Step.CLEARED, changed=time.time()))
    return anew


def _is_sent(entry: Entry, claimed: Claimed, mark: Mark) -> bool:
    """Whether the bytes are those that went; only times may differ."""
    is_whole = claimed.claim_id == entry.claim_id and not entry.pages
    if not is_whole or not entry.md5:
        return mark.is_same_content(claimed.mark)
    if mark.size != entry.size:
        return False
    digest = hashlib.md5(usedforsecurity=False)
    with claimed.file.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return base64.b64encode(digest.digest()).decode() == entry.md5
