"""From a printer's folder to a mailbox, through the real core, killed on the way."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter

from local.functions import Functions
from local.peers import Peers
from tests.samples import a_pdf

from .site import Site, names, wait_for

FILES, KILLS = 24, 6
SEED = 5


def test_every_scan_reaches_its_mailbox_once_whatever_is_killed(tmp_path):
    """The core mails and removes each blob within a second: no trace is left of it."""
    dice = random.Random(SEED)  # noqa: S311 (no secret)
    with Peers(tmp_path) as peers:
        site = Site(peers.azurite, tmp_path)
        wanted = [
            a_pdf(dice.randrange(40_000)) + b"%%%d\n%%%%EOF\n" % number
            for number in range(FILES)
        ]
        with Functions(peers.settings, tmp_path / "functions.log"):
            site.start()
            for number, data in enumerate(wanted):
                # A counter that begins anew again and again.
                file = site.scans / f"SCN_{number % 4:04}.pdf"
                while file.exists():
                    time.sleep(0.01)
                file.write_bytes(data)
                if number % (FILES // KILLS) == 2:
                    time.sleep(dice.uniform(0.0, 0.15))
                    site.stop(signal.SIGKILL)
                    site.start()
            wait_for(lambda: len(arrived(peers)) >= FILES, 60)
            wait_for(lambda: not names(site.scans) and not site.claimed(), 30)
            assert site.stop() == 0
        got = Counter(arrived(peers))
        assert got == Counter(wanted)


def arrived(peers: Peers) -> list[bytes]:
    """What was attached to the mails, each mail once, however often it was sent."""
    mails = {it.header("Message-ID"): it for it in peers.inbox.mails()}
    return [each.content for it in mails.values() for each in it.attachments]
