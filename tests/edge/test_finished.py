"""The rule: whole, and nobody holds it, or closed and at rest. A table, without files.

Each row is what was observed of real writers over SMB and SFTP.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.finished import (
    LINK_SECONDS,
    LONGEST_SECONDS,
    REST_SECONDS,
    Ending,
    Facts,
    Step,
    judge,
)
from edge.lease import Holder

NOW, QUIET = 1000.0, 5.0
CLAIM, READ, WAIT = Step.CLAIM, Step.READ, Step.WAIT


def facts(**said: Any) -> Facts:
    """A whole PDF that nobody holds, changed just now, closed."""
    usual: dict[str, Any] = {
        "size": 80_477,
        "ending": Ending.WHOLE,
        "holder": Holder.NOBODY,
        "is_closed": True,
        "changed": NOW,
        "now": NOW,
        "quiet_seconds": QUIET,
    }
    if "rested" in said:
        said["changed"] = NOW - said.pop("rested")
    return Facts(**usual | said)


HELD = {"holder": Holder.WRITER}
HELD_OPEN = {**HELD, "is_closed": False}
FOREIGN = {"holder": Holder.UNKNOWN}
REMOTE = {"holder": Holder.UNKNOWN, "is_closed": False, "is_remote": True}
PAGES = {"ending": Ending.OPEN}
ROWS = {
    "slow, while it is written": (HELD_OPEN, WAIT),
    "slow, closed": ({}, CLAIM),
    "stall: a pause of 6 s with the file open": ({**HELD_OPEN, "rested": 6.0}, WAIT),
    "rename over SMB: nobody holds it": ({}, CLAIM),
    "rename over SFTP, link and unlink: no close under this name": (
        {"is_closed": False},
        CLAIM,
    ),
    "rename over SFTP, between link and unlink": (
        {"is_closed": False, "is_linked": True},
        WAIT,
    ),
    "two names, and nobody takes one away": (
        {"is_linked": True, "rested": LINK_SECONDS},
        CLAIM,
    ),
    "zero bytes, closed: a placeholder": ({"size": 0}, WAIT),
    "cut line: half a file, closed": ({"ending": Ending.CUT}, WAIT),
    "cut line, an hour ago": ({"ending": Ending.CUT, "rested": 3600.0}, WAIT),
    "prealloc: full size, held": (HELD_OPEN, WAIT),
    "append_pages: not whole between pages": ({"ending": Ending.CUT}, WAIT),
    "append_valid: a TIFF, whole after every page": (PAGES, WAIT),
    "append_valid: the next page comes within the quiet time": (
        {**PAGES, "rested": 1.5},
        WAIT,
    ),
    "append_valid: quiet": ({**PAGES, "rested": QUIET}, CLAIM),
    "TIFF, whole, quiet but held: a page may come": (
        {**PAGES, **HELD_OPEN, "rested": 60.0},
        WAIT,
    ),
    "header_last: held for 1.2 s": ({**HELD_OPEN, "rested": 1.2}, WAIT),
    "old_mtime: the printer's clock does not matter": ({"rested": 0.0}, CLAIM),
    "power off: a dead session holds a whole file, closed by another": (
        {**HELD, "rested": REST_SECONDS},
        CLAIM,
    ),
    "power off: the same, just closed": (HELD, WAIT),
    "power off: the same for a TIFF": ({**PAGES, **HELD, "rested": 2.5}, WAIT),
    "power off: the same for a TIFF, quiet": (
        {**PAGES, **HELD, "rested": QUIET},
        CLAIM,
    ),
    "power off: half a file in dead hands": (
        {**HELD, "ending": Ending.CUT, "rested": 7200.0},
        WAIT,
    ),
    "power off: whole, nobody saw a close": ({**HELD_OPEN, "rested": 7200.0}, WAIT),
    "another user's file, closed": (FOREIGN, WAIT),
    "another user's file, closed and at rest": ({**FOREIGN, "rested": 2.0}, CLAIM),
    "another user's file, no close seen": (
        {**FOREIGN, "is_closed": False, "rested": 2.0},
        WAIT,
    ),
    "another user's file, no close seen, quiet": (
        {**FOREIGN, "is_closed": False, "rested": QUIET},
        CLAIM,
    ),
    "there at start, nobody holds it": ({"is_closed": False}, CLAIM),
    "there at start, text": ({**PAGES, "is_closed": False}, WAIT),
    "cifs, EBUSY": ({**REMOTE, **HELD_OPEN, "rested": 60.0}, WAIT),
    "cifs, opened by share=all: only rest tells": (REMOTE, WAIT),
    "cifs, at rest": ({**REMOTE, "rested": REST_SECONDS}, CLAIM),
    "cifs, text at rest": ({**REMOTE, **PAGES, "rested": REST_SECONDS}, WAIT),
    "cifs, text, quiet": ({**REMOTE, **PAGES, "rested": QUIET}, CLAIM),
    "unread, nobody holds it": ({"ending": Ending.UNREAD}, READ),
    "unread, held: not worth reading": ({"ending": Ending.UNREAD, **HELD_OPEN}, WAIT),
    "unread, another user's, just closed: reading can wait": (
        {"ending": Ending.UNREAD, **FOREIGN},
        WAIT,
    ),
    "unread, in dead hands, at rest": (
        {"ending": Ending.UNREAD, **HELD, "rested": REST_SECONDS},
        READ,
    ),
}


@pytest.mark.parametrize(("said", "step"), ROWS.values(), ids=ROWS.keys())
def test_the_rule_answers_each_observation(said, step):
    """Never before the writer is done, and not a moment later than can be known."""
    assert judge(facts(**said)).step is step


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({**PAGES, "rested": 1.5}, QUIET - 1.5),
        ({**HELD, "rested": 0.5}, REST_SECONDS - 0.5),
        ({**PAGES, "quiet_seconds": 600.0}, LONGEST_SECONDS),
        ({"ending": Ending.CUT}, LONGEST_SECONDS),
        ({**HELD_OPEN, "rested": 8.0}, 4.0),
        ({**HELD_OPEN, "rested": 0.0}, 0.5),
    ],
)
def test_it_says_when_to_look_again(said, seconds):
    """When its rest will be over; else now and then, the rarer the longer it rests."""
    assert judge(facts(**said)).at == pytest.approx(NOW + seconds)


@given(
    ending=st.sampled_from(Ending),
    holder=st.sampled_from(Holder),
    is_closed=st.booleans(),
    is_remote=st.booleans(),
    rested=st.floats(0, 1e6),
    size=st.integers(0, 9),
)
def test_no_half_file_is_ever_claimed(**said):
    """Whatever else is true: nothing empty, cut or unread, nothing whose writer writes.

    And what waits has a reason, and is looked at again within a minute.
    """
    verdict = judge(facts(**said))
    if verdict.step is WAIT:
        assert NOW < verdict.at <= NOW + LONGEST_SECONDS
        assert verdict.why
    else:
        assert said["size"]
        assert said["ending"] is not Ending.CUT
        assert said["holder"] is not Holder.WRITER or said["is_closed"]
    if verdict.step is CLAIM:
        assert said["ending"] in {Ending.WHOLE, Ending.OPEN}
