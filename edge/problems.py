"""A note beside a file that cannot go: NAME.problem.txt, for the person at the printer.

In: a file of a watched folder and what is wrong, in words. Raises nothing: a folder
that takes no note is logged. A note goes when the problem is mended, or after a day; a
file of such a name that is not a note of ours is never touched.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from shared.journal import warn
from shared.plain import plain

SUFFIX = ".problem.txt"
DAY_SECONDS = 86_400.0
NAME_BYTES = 255
"""Of a file name (NAME_MAX of every common file system)."""
_TEMPORARY = ".scanpost-note.tmp"
"""A dotfile: neither we nor any desktop shows it."""
_MARK = "Scanpost could not send this scan"
"""How every note begins; what does not is somebody else's."""
_TEXT_LIMIT = 2000
_READ_BYTES = 16_000
_ONE_AT_A_TIME = threading.Lock()


def note_of(file: Path) -> Path:
    """Where the note about a file lies; a name too long for it is cut."""
    room = NAME_BYTES - len(SUFFIX)
    name = os.fsencode(file.name)[:room].decode(errors="ignore")
    return file.with_name(name + SUFFIX)


def leave(file: Path, what: str, hint: str = "") -> None:
    """Leave a note, in one step; the same note again changes nothing."""
    note, text = note_of(file), _text(file, what, hint)
    temporary = note.with_name(_TEMPORARY)
    try:
        found = _read(note)
        if found == text or (found is not None and not found.startswith(_MARK)):
            return
        with _ONE_AT_A_TIME:
            _write(temporary, text)
            temporary.replace(note)
    except OSError as exc:
        _logged(note, exc)


def _write(temporary: Path, text: str) -> None:
    """Write anew, never through a link that somebody put there."""
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(temporary, flags, 0o644), "wb") as out:
        # The person at the printer is another user than the agent.
        os.fchmod(out.fileno(), 0o644)
        out.write(text.encode())


def mend(file: Path) -> None:
    """Take the note away."""
    _remove(note_of(file))


def clear_old(folder: Path, now: float | None = None) -> None:
    """Take away the notes of one folder that are older than a day."""
    limit = (time.time() if now is None else now) - DAY_SECONDS
    try:
        with os.scandir(folder) as entries:
            old = [
                Path(each.path)
                for each in entries
                if each.name.endswith(SUFFIX)
                and each.is_file(follow_symlinks=False)
                and each.stat(follow_symlinks=False).st_mtime < limit
            ]
    except FileNotFoundError:
        # It is away, which is told elsewhere.
        return
    except OSError as exc:
        _logged(folder, exc)
        return
    for each in old:
        _remove(each)


def _remove(note: Path) -> None:
    try:
        if (_read(note) or "").startswith(_MARK):
            note.unlink(missing_ok=True)
    except OSError as exc:
        _logged(note, exc)


def _read(note: Path) -> str | None:
    """Read what lies there; None where nothing does. Links are not followed."""
    try:
        opened = os.open(note, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(opened, "rb") as file:
        return file.read(_READ_BYTES).decode(errors="replace")


def _text(file: Path, what: str, hint: str) -> str:
    """Write for people at a desktop: short lines, and line ends that Windows knows."""
    lines = [
        f"{_MARK}: {plain(file.name, NAME_BYTES)}",
        "",
        plain(what, _TEXT_LIMIT // 2),
        plain(hint, _TEXT_LIMIT // 4),
        "",
        "This note goes away by itself when the problem is gone, or after a day.",
    ]
    kept = [each for n, each in enumerate(lines) if each or lines[n - 1]]
    return "\r\n".join(kept) + "\r\n"


def _logged(place: Path, exc: OSError) -> None:
    warn("edge_no_note", {"path": str(place), "why": exc.strerror or str(exc)})
