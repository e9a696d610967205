"""Holds what was mailed against what printers wrote. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.edge_soak.printers import SETS, Scan


@dataclass(frozen=True, slots=True)
class Mailed:
    """A blob that the core took."""

    name: str
    data: bytes
    to: str = ""


def judge(scans: Sequence[Scan], mails: Sequence[Mailed]) -> list[str]:
    """Every promise that was broken, one sentence each."""
    files = {scan.parts[0]: scan for scan in scans if scan.device != SETS}
    sets = [scan for scan in scans if scan.device == SETS]
    pdfs = [mail for mail in mails if mail.name.startswith(f"{SETS}/")]
    plain = [mail for mail in mails if not mail.name.startswith(f"{SETS}/")]
    return [*_files(files, plain), *_sets(sets, pdfs)]


def _files(files: dict[bytes, Scan], mails: Sequence[Mailed]) -> Iterator[str]:
    times = Counter(mail.data for mail in mails)
    for data, scan in files.items():
        if times[data] == 0:
            yield f"lost: scan {scan.number} of {scan.device} was never mailed"
        elif times[data] > 1:
            yield f"twice: scan {scan.number} was mailed {times[data]} times"
    for mail in mails:
        scan_of = files.get(mail.data)
        if scan_of is None:
            yield f"torn: {mail.name} ({len(mail.data)} bytes) is no printer's file"
        elif mail.to != scan_of.to:
            yield f"misdirected: {mail.name} went to {mail.to!r}, not {scan_of.to!r}"
        elif not mail.name.startswith(f"{scan_of.device}/"):
            yield f"misnamed: scan {scan_of.number} as {mail.name}"


def _sets(scans: Sequence[Scan], mails: Sequence[Mailed]) -> Iterator[str]:
    for scan in scans:
        holding = [
            mail for mail in mails if any(part in mail.data for part in scan.parts)
        ]
        if not holding:
            yield f"lost: set {scan.number} was never mailed"
        for mail in holding:
            places = [mail.data.find(part) for part in scan.parts]
            if -1 in places:
                yield f"torn: {mail.name} lacks pages of set {scan.number}"
            elif places != sorted(places):
                yield f"torn: {mail.name} has its pages in another order"
        if len(holding) > 1:
            yield f"twice: set {scan.number} was mailed {len(holding)} times"
    if len(mails) > len(scans):
        yield f"torn: {len(mails)} mails of {len(scans)} sets"
