"""Reaches what lies below a folder without following a link on the way.

Who may write to the folder over SFTP may also make links in it, to anything on this
machine; so each part of a path is opened by itself, and refused where it is a link.
Everything here raises OSError; ELOOP or ENOTDIR where a link stands.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import junk

_LIBC = ctypes.CDLL(None, use_errno=True)
_NO_REPLACE = 1
_OPEN = os.O_RDONLY | os.O_CLOEXEC
_FOLDER = _OPEN | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = _OPEN | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_NOT_OFFERED = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
_NO_FILE = {
    errno.ELOOP: "a symbolic link, not a file",
    errno.ENOTDIR: "below a link, not a file in its folder",
    errno.ENXIO: "a socket, not a file",
}


class NotAFileError(OSError):
    """In a claimed file's place stands a link or a pipe: in words, for a person."""

    def __init__(self, what: str) -> None:
        super().__init__(errno.ELOOP, f"what has its place is {what}")


@contextmanager
def folder(top: Path, path: str, *, make: int = 0) -> Iterator[int]:
    """Open the folder at a relative path, empty for the top itself.

    What is missing of it is made where there is a mode to `make` it with.
    """
    descriptor = os.open(top, _OPEN | os.O_DIRECTORY)
    try:
        for part in filter(None, path.split("/")):
            inner = _inner(descriptor, part, make)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _inner(descriptor: int, part: str, make: int) -> int:
    try:
        return os.open(part, _FOLDER, dir_fd=descriptor)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):
        os.mkdir(part, make, dir_fd=descriptor)
    return os.open(part, _FOLDER, dir_fd=descriptor)


@contextmanager
def file(top: Path, path: str) -> Iterator[int]:
    """Open the file at a relative path to read it; a pipe does not hold it up."""
    above, _, name = path.rpartition("/")
    with folder(top, above) as parent:
        descriptor = opened(parent, name)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def claimed(path: Path) -> int:
    """Open a claimed file to read it, or one of our own; whoever asked closes it.

    Only a plain file, reached without a link below the watched folder: a link would
    send what no printer may read, and a pipe would hold up its reader for ever.
    """
    parts = path.parts
    own = [at for at, part in enumerate(parts[:-1]) if part == junk.CLAIMED]
    at = own[-1] if own else len(parts) - 1
    try:
        with file(Path(*parts[:at]), "/".join(parts[at:])) as descriptor:
            if why := junk.why_refused(os.fstat(descriptor).st_mode):
                raise NotAFileError(why)
            return os.dup(descriptor)
    except OSError as exc:
        if exc.errno in _NO_FILE and not isinstance(exc, NotAFileError):
            raise NotAFileError(_NO_FILE[exc.errno]) from exc
        raise


def opened(parent: int, name: str) -> int:
    """Open a file in an open folder, as `file` does; whoever asked closes it."""
    return os.open(name, _FILE, dir_fd=parent)


def stat(top: Path, path: str) -> os.stat_result:
    """Ask what stands there, without opening it."""
    above, _, name = path.rpartition("/")
    with folder(top, above) as parent:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)


def move(top: Path, path: str, new: str) -> os.stat_result:
    """Rename a file, never over another; its folders must be there. What it is then.

    Raises FileExistsError where the new name is taken.
    """
    new_above, _, new_name = new.rpartition("/")
    with folder(top, new_above) as target:
        return move_into(target, new_name, top, path)


def move_into(target: int, new_name: str, top: Path, path: str) -> os.stat_result:
    """The same, into an open folder."""
    above, _, name = path.rpartition("/")
    with folder(top, above) as source:
        _rename(source, name, target, new_name)
    return os.stat(new_name, dir_fd=target, follow_symlinks=False)


def _rename(source: int, name: str, target: int, new: str) -> None:
    """renameat2(2); where a file system has it not (NFS), link and unlink."""
    old_name, new_name = os.fsencode(name), os.fsencode(new)
    if _LIBC.renameat2(source, old_name, target, new_name, _NO_REPLACE) == 0:
        return
    code = ctypes.get_errno()
    if code not in _NOT_OFFERED:
        raise OSError(code, os.strerror(code), name, None, new)
    os.link(name, new, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    os.unlink(name, dir_fd=source)
