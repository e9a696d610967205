"""Takes a finished file away from its name before it is read.

A printer that uses a name again writes over the file in place, and a reader gets both
mixed, without an error; so the file is renamed first, within its own file system:
`FOLDER/.scanpost/ID,SUB/NAME`, where SUB is the path of its subfolder. A claim so tells
by itself where it came from: what a crash left there is found by `left_behind`.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from shared import journal

from . import reach
from .junk import CLAIMED, SENT, why_refused
from .listing import walk
from .sight import Later, Mark, Nothing, Place, Ready

SPARE = "spare"
"""An empty folder, made while there is room: a claim on a full disk needs no block."""
_ID_BYTES = 8
_NAME_BYTES = 255
"""The longest name (ext4, XFS, btrfs)."""
_WAIT_SECONDS = 10.0
"""Nothing tells us that rights, room or a mount were mended. Whoever mends them sees
it go; and a thousand files that wait cost two hundredths of a core."""
_GONE = frozenset({errno.ENOENT, errno.ESTALE})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_WHY = {
    errno.EROFS: "the folder is read-only",
    errno.EACCES: "the agent's user may not rename in the folder",
    errno.EPERM: "the agent's user may not rename this file",
    errno.EXDEV: "its subfolder is another file system: name that as a folder itself",
    errno.EBUSY: "its writer holds it open",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota is used up",
}


class ChangedError(Exception):
    """A claimed file was written to, or is gone: what was read of it counts nothing."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A file that nobody finds by its name any more."""

    place: Place
    path: str
    """Where it came from, relative to the place."""
    claim_id: str
    at: str
    """Where it is now, relative to the place."""
    mark: Mark

    @property
    def file(self) -> Path:
        """Where it is now."""
        return self.place.path / self.at


def prepare(place: Place) -> None:
    """Make what a claim needs while the disk has room. Raises OSError."""
    (place.path / CLAIMED).mkdir(mode=0o700, exist_ok=True)
    (place.path / CLAIMED / SPARE).mkdir(mode=0o700, exist_ok=True)


def probe(place: Place) -> None:
    """Try whether a file can be claimed, with one of our own. Raises OSError."""
    name = f"{CLAIMED}-check-{secrets.token_hex(_ID_BYTES)}"
    with reach.folder(place.path, CLAIMED):
        pass
    (place.path / name).touch(mode=0o600, exist_ok=False)
    found, moved = place.path / name, place.path / CLAIMED / name
    try:
        found.rename(moved)
    finally:
        found.unlink(missing_ok=True)
    moved.unlink()


def claim(ready: Ready, now: float) -> Claimed | Later | Nothing:
    """Rename the file away, and see that it is still the one that was looked at.

    `Later` says in `why` what keeps it from being claimed; the file is then as it was.
    `Nothing` where it is gone. `now` is of the monotonic clock.
    """
    place, claim_id = ready.place, secrets.token_hex(_ID_BYTES)
    folder, _, name = ready.path.rpartition("/")
    target = _target(claim_id, folder)
    try:
        with _made(place, target) as room:
            stat = reach.move_into(room, name, place.path, ready.path)
    except OSError as exc:
        _tidy(place, target)
        if exc.errno in _GONE:
            return Nothing("gone")
        why = _WHY.get(exc.errno or 0, exc.strerror or str(exc))
        return Later(now + _WAIT_SECONDS, f"It cannot be claimed: {why}.")
    claimed = Claimed(place, ready.path, claim_id, f"{target}/{name}", Mark.of(stat))
    if claimed.mark.is_same_content(ready.mark):
        return claimed
    try:
        give_back(claimed)
    except OSError as exc:
        # It stays where it is, and is found by `left_behind`.
        fields = {"file": str(claimed.file), "why": str(exc)}
        journal.warn("edge_not_given_back", fields)
        return Nothing("claimed, changed, and not given back")
    return Later(now, "It was changed while it was claimed.")


def check(claimed: Claimed, *, is_durable: bool = False) -> None:
    """See that it is still what was claimed: after it was read. Raises ChangedError.

    Durable: before the scan counts as sent the claim is made to survive a power cut;
    else the file could be back under its name, and be sent twice. Not done by `claim`:
    it waits for the disk, and a printer may use the name again at once.
    """
    folder, _, name = claimed.at.rpartition("/")
    try:
        with reach.folder(claimed.place.path, folder) as parent:
            mark = Mark.of(os.stat(name, dir_fd=parent, follow_symlinks=False))
            if is_durable:
                with suppress(OSError):
                    # Some network file systems have no such call.
                    os.fsync(parent)
    except OSError as exc:
        raise ChangedError(f"The claimed file is gone: {exc.strerror}.") from exc
    if mark != claimed.mark:
        raise ChangedError("The claimed file was written to after it was claimed.")


def give_back(claimed: Claimed) -> str:
    """Put it back under its name, or beside it where that is taken; says where.

    Raises OSError; the file then stays claimed.
    """
    return _put(claimed, claimed.path)


def keep(claimed: Claimed) -> str:
    """Put it into `_sent/`, under its path or beside; says where. Raises OSError."""
    return _put(claimed, f"{SENT}/{claimed.path}")


def discard(claimed: Claimed, is_done: Callable[[Mark], bool] | None = None) -> bool:
    """Delete it, unless it `is_done` no more; then False, and it is as it was.

    One that is gone already is fine. Raises OSError.
    """
    folder, _, name = claimed.at.rpartition("/")
    with (
        suppress(FileNotFoundError),
        reach.folder(claimed.place.path, folder) as parent,
    ):
        mark = Mark.of(os.stat(name, dir_fd=parent, follow_symlinks=False))
        if is_done and not is_done(mark):
            return False
        os.unlink(name, dir_fd=parent)
    _tidy(claimed.place, folder)
    return True


def left_behind(place: Place) -> Iterator[Claimed]:
    """Find what is claimed in a folder: at start, what a crash left.

    Files alone: we claim nothing else, but who may write there may make links and
    pipes. Raises OSError where it cannot be listed.
    """
    top = place.path / CLAIMED
    if top.is_symlink() or not top.is_dir():
        return
    for inner, stat in walk(top):
        head, _, rest = inner.partition("/")
        claim_id, _, folder = head.partition(",")
        if rest and not why_refused(stat.st_mode):
            path = f"{_unquoted(folder)}/{rest}" if folder else rest
            at = f"{CLAIMED}/{inner}"
            yield Claimed(place, path, claim_id, at, Mark.of(stat))


def _target(claim_id: str, folder: str) -> str:
    """The folder of a claim; SUB too long for a name stands below it, as folders."""
    head = f"{claim_id},{_quoted(folder)}" if folder else claim_id
    if len(os.fsencode(head)) > _NAME_BYTES:
        head = f"{claim_id}/{folder}"
    return f"{CLAIMED}/{head}"


@contextmanager
def _made(place: Place, target: str) -> Iterator[int]:
    """Make the folder of a claim, open; on a full disk the spare one becomes it."""
    with ExitStack() as stack:
        try:
            room = stack.enter_context(reach.folder(place.path, target, make=0o700))
        except OSError as exc:
            if exc.errno not in _FULL:
                raise
            try:
                (place.path / CLAIMED / SPARE).rename(place.path / target)
            except OSError:
                raise exc from None
            room = stack.enter_context(reach.folder(place.path, target))
        yield room


def _put(claimed: Claimed, path: str) -> str:
    """Give it a name again that nobody has."""
    top = claimed.place.path
    folder, _, name = path.rpartition("/")
    with reach.folder(top, folder, make=0o777):
        pass
    for each in (name, _beside(name, claimed.claim_id)):
        new = f"{folder}/{each}" if folder else each
        with suppress(FileExistsError):
            reach.move(top, claimed.at, new)
            _tidy(claimed.place, claimed.at.rpartition("/")[0])
            return new
    raise FileExistsError(errno.EEXIST, "Both names are taken", path)


def _beside(name: str, claim_id: str) -> str:
    """A name beside a taken one, of the same extension; its stem is cut to fit.

    Where an extension leaves no room for a stem, it is none, and is cut with it.
    """
    stem, dot, extension = name.rpartition(".")
    for head, tail in ((stem, f"{dot}{extension}"), (name, "")):
        end = f" {claim_id}{tail}"
        # By characters: a part of one would be no UTF-8, which SMB cannot show.
        while head and len(os.fsencode(f"{head}{end}")) > _NAME_BYTES:
            head = head[:-1]
        if head:
            break
    return f"{head}{end}"


def _tidy(place: Place, folder: str) -> None:
    """Remove what is empty of a claim's folders, and see to the spare one."""
    with suppress(OSError):
        # Not empty, or gone: what is in it is somebody's, and found at the next start.
        while folder.count("/") > 0:
            (place.path / folder).rmdir()
            folder = folder.rpartition("/")[0]
        if not (place.path / CLAIMED / SPARE).is_dir():
            prepare(place)


def _quoted(folder: str) -> str:
    return folder.replace("%", "%25").replace("/", "%2F")


def _unquoted(folder: str) -> str:
    return folder.replace("%2F", "/").replace("%25", "%")
