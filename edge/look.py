"""One look at one name, to learn whether its writer is done.

In: a `Sight`. Out: `Ready`, `Later` or `Nothing`; see `Looker.look`. It gathers the
facts, `finished` decides. Opening a pipe or a device is never tried.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import junk, reach
from .ending import ending
from .finished import LONGEST_SECONDS, Ending, Facts, Step, judge
from .lease import Holder, holder
from .mounts import Mount, MountOf, Mounts, mount_now
from .sight import Answer, Later, Mark, Nothing, Ready, Sight

type Ask = Callable[[int, Mount], Holder]

EMPTY = "empty"
"""Why an empty file is nothing, so far."""
_SOON = 0.02
"""Seconds: it changed while it was being looked at."""
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ESTALE})


@dataclass(slots=True)
class _Memory:
    """What is known of a file that waits, as long as its mark stays."""

    mark: Mark
    changed: float
    is_closed: bool = False
    ending: Ending = Ending.UNREAD
    why: str = ""


@dataclass(slots=True)
class Looker:
    """Looks at files, several at a time by several threads, but each by one only.

    Remembers what it saw of the ones that wait, so that no byte is read twice for
    nothing.
    """

    clock: Callable[[], float] = time.monotonic
    ask: Ask = holder
    mount_of: MountOf = mount_now
    _memories: dict[tuple[Path, str], _Memory] = field(default_factory=dict)
    _mounts: Mounts = field(init=False)

    def __post_init__(self) -> None:
        self._mounts = Mounts(self.mount_of)

    def look(self, sight: Sight) -> Answer:
        """Look at it now. What cannot be read now is `Later`, with the reason.

        `Nothing` for what is gone, empty, ignored or refused: the next sight of it
        comes when something happens to it.
        """
        why = junk.why_ignored(sight.path)
        answer = Nothing(why) if why else self._answer(sight)
        if isinstance(answer, Nothing):
            self.forget(sight)
        return answer

    def forget(self, sight: Sight) -> None:
        """Remember nothing of it: what is ready was claimed."""
        self._memories.pop((sight.place.path, sight.path), None)

    def _answer(self, sight: Sight) -> Answer:
        above, _, name = sight.path.rpartition("/")
        try:
            with reach.folder(sight.place.path, above) as parent:
                stat = os.stat(name, dir_fd=parent, follow_symlinks=False)
                if why := _why_nothing(stat):
                    return Nothing(why)
                descriptor = reach.opened(parent, name)
            try:
                mount = self._mounts.of(sight.place.path, above, stat.st_dev)
                return self._judged(sight, descriptor, mount)
            finally:
                os.close(descriptor)
        except OSError as exc:
            return self._not_read(exc)

    def _judged(self, sight: Sight, descriptor: int, mount: Mount) -> Answer:
        stat = os.fstat(descriptor)
        if why := _why_nothing(stat):
            # It took the place of the file that was there a moment ago.
            return Nothing(why)
        memory = self._remembered(sight, Mark.of(stat))
        while True:
            facts = Facts(
                size=memory.mark.size,
                ending=memory.ending,
                holder=self.ask(descriptor, mount),
                is_closed=memory.is_closed,
                changed=memory.changed,
                now=self.clock(),
                quiet_seconds=sight.place.quiet_seconds,
                is_remote=mount.is_remote,
                is_linked=stat.st_nlink > 1,
            )
            # Asked after the holder: whoever let go before has changed it before.
            if Mark.of(os.fstat(descriptor)) != memory.mark:
                return Later(self.clock() + _SOON, "It has just been changed.")
            verdict = judge(facts)
            if verdict.step is Step.CLAIM:
                return Ready(sight.place, sight.path, memory.mark)
            if verdict.step is Step.WAIT:
                return Later(verdict.at, memory.why or verdict.why)
            name = sight.path.rpartition("/")[2]
            memory.ending, memory.why = ending(descriptor, memory.mark.size, name)

    def _remembered(self, sight: Sight, mark: Mark) -> _Memory:
        """What is known of these very bytes."""
        key = sight.place.path, sight.path
        memory = self._memories.get(key)
        if memory is None or memory.mark != mark:
            memory = self._memories[key] = _Memory(mark, self.clock())
        memory.is_closed = memory.is_closed or sight.is_closed
        return memory

    def _not_read(self, exc: OSError) -> Answer:
        if exc.errno in _GONE:
            return Nothing("gone")
        if exc.errno == errno.ELOOP:
            return Nothing("a symbolic link, not a file")
        what = exc.strerror or str(exc)
        if exc.errno in {errno.EACCES, errno.EPERM}:
            what += ": let the agent's user read what the printer writes"
        return Later(self.clock() + LONGEST_SECONDS, f"It cannot be read: {what}.")


def _why_nothing(stat: os.stat_result) -> str:
    """Why a thing is not worth opening; empty for a file that holds something."""
    return junk.why_refused(stat.st_mode) or ("" if stat.st_size else EMPTY)
