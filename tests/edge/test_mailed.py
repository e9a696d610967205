"""Every way in which printers write, from the folder to the mailbox, each scan once.

Real Samba and real OpenSSH, an agent as a process, storage, and the real core.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local.functions import Functions
from local.inbox import Mail
from local.peers import Peers
from shared.plain import plain_file

from . import samba, sftp
from .desk import Desk
from .patterns import PATTERNS, play_all
from .site import Site, wait_for
from .test_patterns import SERVERS, WHY_NOT, at_once

ROUTES = b"""
[defaults]
fallback = "office@contoso.com"
subject  = "{device}"
"""
SIDECAR = {"sidecar": "papercut-xml", "sidecar_seconds": 30.0}
SETTINGS = {
    "page_set": {"set": "merge", "pages_quiet_seconds": 2.0},
    "sidecar_first": SIDECAR,
    "sidecar_last": SIDECAR,
}
"""Folders that say more than where they are."""
LARGEST_BYTES = 6 << 20
"""Of what the mail server takes, when it is base64."""
LEFT = {
    "interrupted": ["cut.pdf"],
    "odd_names": [".hidden.pdf"],
    "power_off_retry": {"smb": ["pwr.pdf"], "sftp": []},
}
"""Files that stay: halves, and what is no scan."""
NUMBER = re.compile(r" \(2\)(?=\.)")
"""In a name that comes again while the first one is still under way."""
type Document = tuple[str, bytes]


@dataclass
class Delivered:
    """What printers wrote, and what became of it."""

    desks: dict[str, Desk]
    left: dict[str, list[str]]
    """By pattern: files that the agent left in the folder."""
    mails: dict[str, list[Mail]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    """Mails of no pattern, and blobs that are left anywhere."""

    def take(self, mail: Mail) -> None:
        """Put a mail to its pattern; its subject is the device."""
        name = mail.header("Subject")
        if name in self.desks:
            self.mails.setdefault(name, []).append(mail)
        else:
            self.others.append(f"mail: {name}")


def configure(site: Site) -> None:
    """One folder for each pattern."""
    text = f'state_dir = "{site.state}"\nagent = "office"\n'
    for name in PATTERNS:
        folder = site.scans / name
        folder.mkdir()
        values = {"path": str(folder), "device": name, "quiet_seconds": 1.5}
        values |= SETTINGS.get(name, {})
        lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        text += "[[folder]]\n" + "\n".join(lines) + "\n"
    site.config.write_text(text)


def expected(desk: Desk) -> list[Document]:
    """The documents that are to arrive; of a set, its pages."""
    is_twin = desk.folder.startswith("sidecar")
    return [
        (path, data)
        for path, data in desk.wanted
        if not (is_twin and path.endswith(".xml"))
    ]


def scans_expected(desks: dict[str, Desk]) -> int:
    """How many mails that makes."""
    count = sum(len(expected(each)) for each in desks.values())
    return count - len(desks["page_set"].wanted) + 1


def left_in(folder: Path) -> list[str]:
    """Files that are there, and not the agent's own lock."""
    lock = folder / ".scanpost" / "agent"
    return sorted(
        each.name for each in folder.rglob("*") if each.is_file() and each != lock
    )


def deliver(protocol: str, top: Path) -> Delivered:
    """Play all patterns over one protocol, and wait until nothing moves."""
    with ExitStack() as stack:
        peers = stack.enter_context(Peers(top))
        site = Site(peers.azurite, top)
        configure(site)
        config = peers.azurite.blobs().get_container_client("config")
        config.upload_blob("routes.toml", ROUTES, overwrite=True)
        stack.enter_context(Functions(peers.settings, top / "functions.log"))
        server: samba.Samba | sftp.Sftp = SERVERS[protocol](site.scans)
        stack.enter_context(server)
        stack.callback(site.end)
        site.start()
        desks = {
            name: Desk(protocol, name, server, big_bytes=LARGEST_BYTES)
            for name in PATTERNS
        }
        play_all(desks)
        with suppress(AssertionError):
            # What is missing is said pattern by pattern.
            wait_for(lambda: len(peers.inbox.mails()) >= scans_expected(desks), 45)
        assert site.stop() == 0
        wait_for(lambda: not site.blobs_named(), 20)
        left = {name: left_in(site.scans / name) for name in PATTERNS}
        found = Delivered(desks, left)
        for mail in peers.inbox.mails():
            found.take(mail)
        found.others += [f"held: {name}" for name in site.blobs("held")]
        return found


@pytest.fixture(scope="module")
def all_delivered(tmp_path_factory) -> dict[str, Delivered]:
    """All patterns over each protocol that can be served here."""
    here = [name for name in SERVERS if not WHY_NOT[name]]
    return at_once(tmp_path_factory.mktemp("all"), deliver, here)


@pytest.fixture(scope="module", params=SERVERS)
def delivered(request, all_delivered: dict[str, Delivered]) -> Delivered:
    """All patterns over one protocol, up to the mailbox."""
    if WHY_NOT[request.param]:
        pytest.skip(WHY_NOT[request.param])
    return all_delivered[request.param]


def attached(mails: list[Mail]) -> Iterator[Document]:
    """What is attached to mails, each of which has one file."""
    for mail in mails:
        (each,) = mail.attachments
        yield each.name, each.content


@pytest.mark.parametrize("name", PATTERNS)
def test_each_scan_of_a_pattern_is_mailed_once_and_whole(delivered, name):
    """Every byte of it, under its name as mails show names; and no other mail."""
    wanted = expected(delivered.desks[name])
    mails = list(attached(delivered.mails.get(name, [])))
    if name == "page_set":
        ((file, pdf),) = mails
        places = [pdf.find(page) for _, page in wanted]
        assert file == "set.pdf"
        assert -1 not in places
        assert places == sorted(places)
        return
    files = [(plain_file(path.rpartition("/")[2]), data) for path, data in wanted]
    assert sorted((NUMBER.sub("", file), data) for file, data in mails) == sorted(files)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_folder_is_left_as_it_should_be(delivered, name):
    """Empty, but for halves and for what is no scan."""
    left = LEFT.get(name, [])
    if isinstance(left, dict):
        left = left[delivered.desks[name].protocol]
    assert delivered.left[name] == left


def test_nothing_else_is_mailed_or_held(delivered):
    """No mail but those, and nothing that a person has to look at."""
    assert delivered.others == []


def test_a_sidecar_says_to_whom_its_scan_goes(delivered):
    """Whichever of the two came first."""
    for name in ("sidecar_first", "sidecar_last"):
        (mail,) = delivered.mails[name]
        assert mail.recipients == ("jane@contoso.com",)
