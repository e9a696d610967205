"""The edge's campaign for some seconds; and proof that its judge sees what is wrong."""

from __future__ import annotations

import pytest

from tests.edge_soak.campaign import Pace, run
from tests.edge_soak.judge import Mailed, judge
from tests.edge_soak.printers import PAIRED, SETS, SINGLE, Scan

ONE, TWO = b"%PDF one", b"%PDF two"
SCANS = [
    Scan(1, SINGLE, (ONE,)),
    Scan(2, PAIRED, (TWO,), "jane@contoso.com"),
    Scan(3, SETS, (b"page-1", b"page-2")),
]
SINGLE_MAIL = Mailed(f"{SINGLE}/a.pdf", ONE)
PAIRED_MAIL = Mailed(f"{PAIRED}/b.pdf", TWO, "jane@contoso.com")
SET_MAIL = Mailed(f"{SETS}/c.pdf", b"<page-1><page-2>")
MAILS = [SINGLE_MAIL, PAIRED_MAIL, SET_MAIL]


def test_judge_is_content_where_each_scan_was_mailed_once():
    """As it was, to whom its sidecar says, its pages in order."""
    assert judge(SCANS, MAILS) == []


WRONG = {
    "lost: scan 1": [PAIRED_MAIL, SET_MAIL],
    "lost: set 3": [SINGLE_MAIL, PAIRED_MAIL],
    "twice: scan 1": [*MAILS, SINGLE_MAIL],
    "twice: set 3": [*MAILS, SET_MAIL],
    "torn: mfp-1/a.pdf": [*MAILS, Mailed(SINGLE_MAIL.name, ONE[:-1])],
    "torn: mfp-3/c.pdf lacks": [
        *MAILS[:2],
        Mailed(SET_MAIL.name, b"<page-1>"),
    ],
    "another order": [*MAILS[:2], Mailed(SET_MAIL.name, b"<page-2><page-1>")],
    "misdirected": [SINGLE_MAIL, SET_MAIL, Mailed(PAIRED_MAIL.name, TWO)],
    "misnamed": [PAIRED_MAIL, SET_MAIL, Mailed("other/a.pdf", ONE)],
}


@pytest.mark.parametrize("what", WRONG)
def test_judge_sees_what_is_wrong(what):
    """Each promise, broken on its own."""
    assert any(what in each for each in judge(SCANS, WRONG[what]))


def test_nothing_is_lost_or_doubled_in_a_few_seconds_of_trouble():
    """The whole campaign; `make soak-edge` runs it with 10,000 files."""
    outcome = run(Pace(files=150, seed=2026))
    assert not outcome.violations, "\n".join([*outcome.violations, outcome.log[-5000:]])
    assert outcome.counts["scans written"] == 150
    assert outcome.counts["agents started"] > 1
    assert outcome.counts["troubles"] > 2
