"""Sees the files of one folder by listing it: where the kernel hears of nothing.

For network mounts, and where the system has no watches left. In: a place. Out: a
`Sight` of each name that is new or has changed, and of all of them now and then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .listing import walk
from .sight import Mark, Place, Sight

POLL_SECONDS = 1.0
ALL_SECONDS = 60.0
"""Between two sights of a name to which nothing happens."""


class Poller:
    """Lists one folder until it is told to stop."""

    def __init__(
        self,
        place: Place,
        found: Callable[[Sight], None],
        troubles: Callable[[Place, str], None],
    ) -> None:
        self.place = place
        self.has_listed = threading.Event()
        """Set once it was listed, or could not be."""
        self._found = found
        self._troubles = troubles
        self._marks: dict[str, Mark] = {}
        self._all_at = 0.0

    def run(self, stop: threading.Event) -> None:
        """List it again and again."""
        self.poll()
        self.has_listed.set()
        while not stop.wait(POLL_SECONDS):
            self.poll()

    def poll(self) -> None:
        """List it once. What keeps it from being listed is a trouble of the place."""
        if time.monotonic() >= self._all_at:
            self._marks = {}
            self._all_at = time.monotonic() + ALL_SECONDS
        marks: dict[str, Mark] = {}
        try:
            for path, stat in walk(self.place.path):
                marks[path] = Mark.of(stat)
                if self._marks.get(path) != marks[path]:
                    self._found(Sight(self.place, path))
        except OSError as exc:
            self._troubles(self.place, f"It cannot be listed: {exc.strerror or exc}.")
            return
        self._troubles(self.place, "")
        self._marks = marks
