"""Sees what happens in the folders: the system's notices, or listing where it is deaf.

In: places. Out: a `Sight` for each name that may be a scan. Every name comes at least
once, most come twice; who looks decides. Files that are there already come at start.
"""

from __future__ import annotations

import errno
import os
import select
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from shared import journal

from . import junk
from .inotify import Flag, Inotify, Notice
from .listing import contents
from .mounts import MOUNTINFO, MountOf, mount_now
from .polling import ALL_SECONDS, Poller
from .sight import Place, Sight

WAKE_SECONDS = 2.0
"""The longest that `run` takes to notice that it shall stop, where nobody wakes it."""
RETRY_SECONDS = 2.0
"""Between two tries at a folder that is not there."""
_FLAGS = (
    Flag.CLOSE_WRITE
    | Flag.MOVED_FROM
    | Flag.MOVED_TO
    | Flag.CREATE
    | Flag.DELETE_SELF
    | Flag.MOVE_SELF
    | Flag.ONLYDIR
    | Flag.EXCL_UNLINK
)
_NO_QUEUE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOSYS})
_FULL = _NO_QUEUE | {errno.ENOSPC, errno.ENOMEM}
_HINT = "Raise fs.inotify.max_user_{}: the folder is listed meanwhile."
type _Identity = tuple[int, int]


class Watcher:
    """Watches all folders in one thread, and lists each network folder in its own."""

    def __init__(
        self,
        places: Sequence[Place],
        found: Callable[[Sight], None],
        mount_of: MountOf = mount_now,
    ) -> None:
        self._places = places
        self._found = found
        self._mount_of = mount_of
        self._inotify = Inotify()
        self._unheard: set[Path] = set()
        """Folders for which the system had no watches; told of."""
        self._spots: dict[int, tuple[Place, str]] = {}
        self._tops: dict[Path, _Identity] = {}
        self._polled: dict[Path, threading.Event] = {}
        self._pollers: dict[Path, Poller] = {}
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._all_at = self._retry_at = 0.0
        self.troubles: dict[Path, str] = {}
        """Why a folder is not seen now, for a person."""
        self._told: set[Path] = set()
        """Folders of which every name was told, by this thread."""
        self.is_watching = threading.Event()
        """Set once every folder was listed, or cannot be."""

    def __del__(self) -> None:
        os.close(self._bell)

    @property
    def has_listed(self) -> bool:
        """Whether all names that were there at the start were told of."""
        listed = [each.has_listed.is_set() for each in list(self._pollers.values())]
        return self.is_watching.is_set() and all(listed)

    def has_told(self, path: Path) -> bool:
        """Whether all names of a folder were told of, or cannot be."""
        poller = self._pollers.get(path)
        if poller:
            return poller.has_listed.is_set()
        return path in self._told or path in self.troubles

    def wake(self) -> None:
        """Have `run` look now whether it shall stop."""
        os.eventfd_write(self._bell, 1)

    def run(self, stop: threading.Event) -> None:
        """Watch until told to stop."""
        with self._inotify, MOUNTINFO.open("rb") as mounts:
            poll = select.poll()
            poll.register(self._inotify, select.POLLIN)
            poll.register(mounts, select.POLLPRI)
            poll.register(self._bell, select.POLLIN)
            try:
                while not stop.is_set():
                    self._tend()
                    self.is_watching.set()
                    happened = [number for number, _ in poll.poll(WAKE_SECONDS * 1000)]
                    if mounts.fileno() in happened:
                        # Reading it is what makes the system tell of the next change.
                        mounts.seek(0)
                        mounts.read()
                        self._sort_out()
                    self._hear()
            finally:
                for each in self._polled.values():
                    each.set()

    def _tend(self) -> None:
        """List everything now and then, and try again what is not there."""
        now = time.monotonic()
        if now >= self._all_at:
            self._all_at = now + ALL_SECONDS
            self._sort_out()
            self._list_all()
        elif now >= self._retry_at and len(self._tops) < len(self._places):
            self._sort_out()
        else:
            return
        self._retry_at = now + RETRY_SECONDS

    def _sort_out(self) -> None:
        """See to it that each folder is watched or polled, as what it lies on wants."""
        for place in self._places:
            try:
                stat = place.path.stat()
                is_remote = self._mount_of(place.path).is_remote
            except OSError as exc:
                self._lose(place)
                # The log has it from who tends the folders.
                self.troubles[place.path] = f"It is not there: {exc.strerror or exc}."
                continue
            identity = stat.st_dev, stat.st_ino
            is_polled = place.path in self._polled
            if self._tops.get(place.path) == identity and is_polled == is_remote:
                continue
            self._lose(place)
            self._tops[place.path] = identity
            if is_remote:
                self._poll(place)
            else:
                self._cover(place, "")

    def _list_all(self) -> None:
        for place in self._places:
            if place.path in self._tops and place.path not in self._polled:
                self._cover(place, "")

    def _hear(self) -> None:
        while notices := self._inotify.read():
            for each in notices:
                self._take(each)

    def _take(self, notice: Notice) -> None:
        """Make sights of one notice."""
        if notice.flags & Flag.Q_OVERFLOW:
            self._list_all()
            return
        spot = self._spots.get(notice.watch)
        if spot is None:
            return
        place, folder = spot
        if notice.flags & (Flag.IGNORED | Flag.MOVE_SELF | Flag.DELETE_SELF):
            self._end(notice, place, folder)
            return
        path = f"{folder}/{notice.name}" if folder else notice.name
        if notice.flags & Flag.ISDIR:
            self._take_folder(notice.flags, place, path)
        elif not notice.flags & Flag.MOVED_FROM and not junk.why_ignored(path):
            is_closed = bool(notice.flags & (Flag.CLOSE_WRITE | Flag.MOVED_TO))
            self._found(Sight(place, path, is_closed))

    def _take_folder(self, flags: Flag, place: Place, path: str) -> None:
        """Files in a folder that is new, or has a new name, say nothing themselves."""
        if flags & Flag.MOVED_FROM:
            self._drop(place, path)
        elif flags & (Flag.CREATE | Flag.MOVED_TO):
            self._cover(place, path)

    def _end(self, notice: Notice, place: Place, folder: str) -> None:
        """A watch has ended, or its folder went elsewhere."""
        if notice.flags & Flag.IGNORED:
            self._spots.pop(notice.watch, None)
        if not folder:
            self._lose(place)
            self._retry_at = 0.0

    def _cover(self, place: Place, path: str) -> None:
        """Watch a folder and all below, and tell of what is there already."""
        folders, is_top, why = [path], not path, ""
        while folders:
            path = folders.pop()
            if path and junk.why_folder_ignored(path):
                continue
            try:
                folders += self._cover_one(place, path)
            except OSError as exc:
                why = self._not_covered(place, path, exc) or why
        if place.path in self._tops:
            self._told.add(place.path)
        if place.path in self._polled:
            # Who lists it says what is wrong with it.
            return
        if is_top and not why:
            self._unheard.discard(place.path)
        if is_top or why:
            self._trouble(place, why)

    def _cover_one(self, place: Place, path: str) -> list[str]:
        """Watch one folder; those in it. Raises OSError.

        Listed after the watch is set: what comes in between is seen twice, not never.
        """
        # The top may be a link: whoever wrote the configuration wants it so.
        flags = _FLAGS | Flag.DONT_FOLLOW if path else _FLAGS
        watch = self._inotify.add(place.path / path, flags)
        self._spots[watch] = place, path
        files, folders = contents(place.path, path)
        for file, _ in files:
            self._found(Sight(place, file))
        return folders

    def _not_covered(self, place: Place, path: str, exc: OSError) -> str:
        """List it instead, or say what is wrong with it."""
        if exc.errno in _FULL:
            if place.path not in self._polled:
                self._go_without(place, exc)
        elif not path:
            self._lose(place)
            return f"It cannot be watched: {exc.strerror or exc}."
        elif exc.errno == errno.EACCES:
            return f"{path}: {exc.strerror}."
        return ""

    def _go_without(self, place: Place, exc: OSError) -> None:
        """List a folder that the system has no watches for; tried again each minute."""
        if place.path not in self._unheard:
            self._unheard.add(place.path)
            hint = _HINT.format("instances" if exc.errno in _NO_QUEUE else "watches")
            fields = {"folder": str(place.path), "why": exc.strerror, "hint": hint}
            journal.warn("edge_no_watches", fields)
        self._poll(place)

    def _poll(self, place: Place) -> None:
        """List it in a thread of its own: a network that hangs holds up no other."""
        stop = self._polled[place.path] = threading.Event()
        poller = Poller(place, self._found, self._trouble)
        self._pollers[place.path] = poller
        name = f"poll {place.path}"
        threading.Thread(
            target=poller.run, args=(stop,), name=name, daemon=True
        ).start()

    def _lose(self, place: Place) -> None:
        """Forget what is known of a folder."""
        self._told.discard(place.path)
        self._tops.pop(place.path, None)
        self._pollers.pop(place.path, None)
        stop = self._polled.pop(place.path, None)
        if stop is not None:
            stop.set()
        self._drop(place, "")

    def _drop(self, place: Place, path: str) -> None:
        """End the watches of a folder and all below."""
        for watch, (owner, folder) in list(self._spots.items()):
            is_below = not path or folder == path or folder.startswith(f"{path}/")
            if owner is place and is_below:
                del self._spots[watch]
                self._inotify.remove(watch)

    def _trouble(self, place: Place, why: str) -> None:
        if not why:
            self.troubles.pop(place.path, None)
        elif self.troubles.get(place.path) != why:
            self.troubles[place.path] = why
            fields = {"folder": str(place.path), "why": why}
            journal.warn("edge_not_watched", fields)
