"""Every way in which printers write, over real Samba and real OpenSSH.

All patterns of one protocol are played at once, each in a folder of its own, while the
agent's eye takes whatever it holds for finished.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from . import samba, sftp
from .eye import Eye, Folder, Taken
from .patterns import PATTERNS, Desk, at_desk

SERVERS: dict[str, type[samba.Samba] | type[sftp.Sftp]] = {
    "smb": samba.Samba,
    "sftp": sftp.Sftp,
}
WHY_NOT = {"smb": samba.why_not(), "sftp": sftp.why_not()}


@dataclass
class Played:
    """What became of all patterns."""

    desks: dict[str, Desk]
    taken: dict[str, list[Taken]]


@pytest.fixture(scope="module", params=SERVERS)
def played(request, tmp_path_factory) -> Iterator[Played]:
    """All patterns, played over one protocol."""
    if WHY_NOT[request.param]:
        pytest.skip(WHY_NOT[request.param])
    top = tmp_path_factory.mktemp(request.param)
    folders = {}
    for name in PATTERNS:
        folders[name] = Folder(top / name)
        folders[name].path.mkdir()
    with (
        SERVERS[request.param](top) as server,
        Eye(list(folders.values())) as eye,
        ThreadPoolExecutor(len(PATTERNS)) as pool,
    ):
        desks = {name: Desk(request.param, name, server.printer) for name in PATTERNS}

        def play(name: str) -> None:
            with at_desk(desks[name]) as desk:
                PATTERNS[name](desk)

        list(pool.map(play, PATTERNS))
        by_name: dict[str, list[Taken]] = {name: [] for name in PATTERNS}
        for each in eye.taken:
            by_name[each.place.path.name].append(each)
        yield Played(desks, by_name)


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
