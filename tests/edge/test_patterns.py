"""Every way in which printers write, over real Samba and real OpenSSH.

All patterns of one protocol are played at once, each in a folder of its own, while the
agent's eye takes whatever it holds for finished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.lease import Holder
from edge.look import Looker
from edge.mounts import Mount, MountOf, mount_now

from . import samba, sftp
from .desk import Desk
from .eye import Eye, Folder, Taken
from .patterns import PATTERNS, play_all

SERVERS: dict[str, type[samba.Samba] | type[sftp.Sftp]] = {
    "smb": samba.Samba,
    "sftp": sftp.Sftp,
}
WHY_NOT = {"smb": samba.why_not(), "sftp": sftp.why_not()}
KINDS = {"ext4": "smb", "nfs4": "sftp"}
"""File systems: the first is heard of, the second listed; each over a protocol."""
OVERWRITTEN = {"rename_over", "reuse", "reuse_fast"}
"""Whoever can only wait for rest gets the later bytes of a name used again at once."""


@dataclass
class Played:
    """What became of all patterns."""

    desks: dict[str, Desk]
    taken: dict[str, list[Taken]]


def played_over(
    protocol: str,
    top: Path,
    looker: Looker | None = None,
    mount_of: MountOf = mount_now,
) -> Played:
    """Play all of them over one protocol."""
    folders = {name: Folder(top / name) for name in PATTERNS}
    for folder in folders.values():
        folder.path.mkdir()
    with (
        SERVERS[protocol](top) as server,
        Eye(list(folders.values()), looker, mount_of) as eye,
    ):
        desks = {name: Desk(protocol, name, server) for name in PATTERNS}
        play_all(desks)
    by_name: dict[str, list[Taken]] = {name: [] for name in PATTERNS}
    for each in eye.taken:
        by_name[each.place.path.name].append(each)
    return Played(desks, by_name)


def at_once[R](
    top: Path, play: Callable[[str, Path], R], names: Iterable[str] = SERVERS
) -> dict[str, R]:
    """Play for several names in folders of their own: what takes long is waiting."""
    with ThreadPoolExecutor() as threads:
        running = {}
        for name in names:
            (top / name).mkdir()
            running[name] = threads.submit(play, name, top / name)
        return {name: each.result() for name, each in running.items()}


@pytest.fixture(scope="module")
def all_played(tmp_path_factory) -> dict[str, Played]:
    """All patterns, played over each protocol that can be served here."""
    here = [name for name in SERVERS if not WHY_NOT[name]]
    return at_once(tmp_path_factory.mktemp("all"), played_over, here)


@pytest.fixture(scope="module", params=SERVERS)
def played(request, all_played: dict[str, Played]) -> Played:
    """All patterns, played over one protocol."""
    if WHY_NOT[request.param]:
        pytest.skip(WHY_NOT[request.param])
    return all_played[request.param]


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_gives_its_documents_and_nothing_else(played, name):
    """None too early, none missed, none twice; under its own name."""
    taken = sorted((each.path, each.data) for each in played.taken[name])
    wanted = sorted(played.desks[name].wanted)
    assert [(path, len(data)) for path, data in taken] == [
        (path, len(data)) for path, data in wanted
    ]
    assert taken == wanted


@pytest.mark.parametrize("name", PATTERNS)
def test_it_is_not_late(played, name):
    """The last one within its rest, though everything else is written at that time."""
    if played.taken[name]:
        late = played.taken[name][-1].at - played.desks[name].ended
        assert late < 3.5


def without_a_lease(kind: str, top: Path) -> Played:
    """Play all patterns where no lease is to be had, on a file system of a kind."""
    mount = Mount(str(top), kind)
    looker = Looker(ask=lambda *_: Holder.UNKNOWN, mount_of=lambda _: mount)
    return played_over(KINDS[kind], top, looker, lambda _: mount)


@pytest.mark.skipif(all(WHY_NOT.values()), reason=" ".join(WHY_NOT.values()))
def test_without_a_lease_it_is_late_and_never_early(tmp_path):
    """Another user's files, and a network mount: a close and a rest, or rest alone."""
    here = [kind for kind in KINDS if not WHY_NOT[KINDS[kind]]]
    for kind, played in at_once(tmp_path, without_a_lease, here).items():
        for name, desk in played.desks.items():
            taken = sorted((each.path, each.data) for each in played.taken[name])
            wanted = desk.wanted[-1:] if name in OVERWRITTEN else sorted(desk.wanted)
            assert [path for path, _ in taken] == [path for path, _ in wanted], name
            assert taken == wanted, (kind, name)
