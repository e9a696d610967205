"""`scanpost-edge check`: configuration, folders, sign-in, and an upload for a test."""

from __future__ import annotations

import argparse
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.errors import ConfigError, ForwardError, TransientError
from shared.stores.border import DeniedError

from . import claim, config, office, owner
from .book import Book, BookError
from .config import Config, Folder
from .mounts import mount_now
from .running import DEFAULT

NAME = "check"
_TEST = "check.txt"
_RIGHTS = "give the agent's user the right to read and rename"
_MEND = {
    errno.EROFS: "mount it writable",
    errno.ENOSPC: "make room",
    errno.EDQUOT: "raise the quota, or make room",
    errno.ENOTDIR: "name a folder",
}
type Result = tuple[str, bool, str, bool]
"""What was tried, whether it is well, words, and whether it may mend itself."""


def add_to(verbs: Any) -> None:
    """Add the verb's words."""
    words = verbs.add_parser(
        NAME,
        help="try the configuration, the folders, the sign-in and an upload",
        description="Tries all that sending a scan needs, and says what is wrong and "
        "how to mend it. Writes one blob into container edge, and removes it.",
    )
    words.add_argument("--config", type=Path, default=Path(DEFAULT), metavar="FILE")
    words.set_defaults(run=run)


def run(words: argparse.Namespace) -> int:
    """Try everything; 0: all is well, 1: not so, 2: configuration, 3: later may be."""
    settings = config.read(words.config)
    results = [*_results(settings)]
    for name, is_ok, text, _ in results:
        print(f"{'ok' if is_ok else 'NO':3} {name}: {text}")
    failed = [each for each in results if not each[1]]
    if not failed:
        return 0
    return 3 if all(is_passing for *_, is_passing in failed) else 1


def _results(settings: Config) -> Iterator[Result]:
    watched = f"watches {', '.join(each.device for each in settings.folders)}"
    yield ("configuration", True, watched, False)
    yield _state(settings)
    for folder in settings.folders:
        yield _folder(folder, settings.state_dir)
    yield _storage(settings)


def _state(settings: Config) -> Result:
    try:
        Book(settings.state_dir).close()
    except BookError as exc:
        return ("state_dir", False, str(exc), False)
    return ("state_dir", True, str(settings.state_dir), False)


def _folder(folder: Folder, state_dir: Path) -> Result:
    """Whether it is ours, can be listed, and a file in it renamed away."""
    name = f"folder {folder.path}"
    try:
        next(folder.path.iterdir(), None)
        claim.prepare(folder)
        claim.probe(folder)
        if other := owner.holder(
            folder.path, state_dir, is_remote=mount_now(folder.path).is_remote
        ):
            return (name, False, f"{other} Stop it, or name another folder.", False)
    except FileNotFoundError:
        words = "it is not there: make it, or mount it; the agent waits for it"
        return (name, False, words, False)
    except OSError as exc:
        mend = _MEND.get(exc.errno or 0, _RIGHTS)
        return (name, False, f"{exc.strerror}: {mend}", False)
    return (name, True, f"of device {folder.device}", False)


def _storage(settings: Config) -> Result:
    name = "storage"
    try:
        scans, beats = office.depots(settings.storage)
        blob = f"{settings.agent}.{_TEST}"
        beats.put(blob, b"scanpost-edge check", "text/plain")
        beats.delete(blob)
        scans.uncommitted(f"{settings.agent}.{_TEST}")
    except ConfigError:
        raise
    except DeniedError as exc:
        return (name, False, f"{exc} {office.skew(settings.storage)}".strip(), False)
    except ForwardError as exc:
        return (name, False, str(exc), isinstance(exc, TransientError))
    return (name, True, "a test upload to container edge went and was removed", False)
