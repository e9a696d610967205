"""The judge: what the peers took, held against what was put. Pure.

In: a `Record` and an `Aftermath`. Out: `Violation`s, each with its evidence. The
product's own word counts only where it says that something did *not* happen: held,
superseded, overwritten; and then it must be true that it may be so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.soak.aftermath import Aftermath, Standing
from tests.soak.lanes import NONE, Terms, breaches
from tests.soak.peers import BOUNCING, OPS
from tests.soak.record import Line, Put, Record, Taken
from tests.soak.ways import SENDERS

_KNOWN = "shared.stores.border.StorageError"
"""The one exception that may leave a function: storage was away."""
_SHOWN_BYTES = 300


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was not kept."""

    what: str
    scan_id: str = ""
    path: str = ""
    evidence: tuple[Line, ...] = ()

    def __str__(self) -> str:
        head = " ".join(filter(None, (self.what, self.scan_id, self.path)))
        return "\n    ".join([head, *map(str, self.evidence)])


class Case:
    """The record, sorted."""

    def __init__(self, record: Record, after: Aftermath) -> None:
        self.record = record
        self.after = after
        self.puts = {put.scan_id: put for put in record.puts}
        self.mails: dict[str, list[Taken]] = defaultdict(list)
        self.by_id: dict[str, list[Taken]] = defaultdict(list)
        for taken in record.taken:
            self.by_id[taken.message_id].append(taken)
            if taken.key:
                self.mails[taken.key[0]].append(taken)
        overwritten = re.compile(r"event=overwritten .*\betag=(\w+)")
        found = (overwritten.search(line.text) for line in record.lines)
        self.overwritten = {match[1] for match in found if match}
        """ETags of bytes that the log calls overwritten before anybody claimed them."""

    def blame(self, put: Put, what: str) -> Violation:
        """Say what is wrong with a scan, and show what was said of it."""
        row = self.after.rows.get(put.scan_id)
        stands = f"; its row: {row}" if row else "; it has no row"
        lines = self.record.about(put.scan_id, put.etag, put.name)
        return Violation(what + stands, put.scan_id, put.name, tuple(lines))


def judge(record: Record, after: Aftermath, terms: Terms = NONE) -> list[Violation]:
    """Find every promise that was not kept."""
    case = Case(record, after)
    found = [*_repeats(case), *_strange_mails(case), *_left(case), *_logs(case)]
    found += [Violation(what) for what in breaches(record, terms)]
    for put in record.puts:
        found += _mailed(case, put)
        found += _arrived(case, put)
    for row in after.rows.values():
        put_of_row = case.puts.get(row.scan_id)
        if put_of_row is None:
            what = f"a row of a scan that nobody put: {row}"
            found.append(Violation(what, row.scan_id, row.path))
        else:
            found += _recorded(case, put_of_row, row)
    return found


def identical_repeats(record: Record) -> int:
    """Count mails that were accepted once more, all alike."""
    case = Case(record, Aftermath(rows={}, blobs={}, queues={}))
    return sum(len(group) - 1 for group in case.by_id.values())


def _repeats(case: Case) -> Iterator[Violation]:
    """What comes twice is the same, byte for byte, and under the same operation."""
    for message_id, group in case.by_id.items():
        for what, seen in (
            ("bytes", {taken.digest for taken in group}),
            ("operation", {taken.operation_id for taken in group}),
        ):
            if len(seen) > 1:
                shown = [
                    Line(taken.when, taken.transport, repr(taken.whole[:_SHOWN_BYTES]))
                    for taken in group
                ]
                told = case.record.about(message_id[1:30])
                text = f"{message_id} was accepted with other {what}"
                yield Violation(text, evidence=(*shown, *told))
    for operation, digests in case.record.asked.items():
        if len(digests) > 1:
            told = case.record.about(operation)
            what = f"operation {operation} was asked for with other bytes"
            yield Violation(what, evidence=tuple(told))


def _strange_mails(case: Case) -> Iterator[Violation]:
    """Every mail is a scan's, or a notice to the operator without a file."""
    for taken in case.record.taken:
        if taken.key is None:
            if taken.people != {OPS} or taken.files:
                yield Violation(f"a mail of no scan: {taken.message_id}")
        elif taken.sender not in SENDERS[taken.transport]:
            yield Violation(f"{taken.message_id} came by {taken.way}")
        elif taken.key[0] not in case.puts:
            yield Violation(f"a mail of a scan that nobody put: {taken.message_id}")


def _mailed(case: Case, put: Put) -> Iterator[Violation]:
    """Nobody else got it, nobody got it as two mails, and what came is what was put."""
    for taken in case.mails[put.scan_id]:
        if strangers := taken.people - put.people:
            yield case.blame(put, f"{sorted(strangers)} got it and should not have")
        if taken.files != (put.digest,):
            yield case.blame(put, f"{taken.message_id} carries other bytes")
        if not put.is_whole:
            yield case.blame(put, f"it is not whole, and was mailed: {taken.when:.3f}")
    yield from _doubled(case, put)


def _doubled(case: Case, put: Put) -> Iterator[Violation]:
    """Nobody has it as two mails, nor as one by two ways."""
    ids: dict[str, set[str]] = defaultdict(set)
    ways: dict[str, set[str]] = defaultdict(set)
    for taken in case.mails[put.scan_id]:
        for who in taken.people:
            ids[who].add(taken.message_id)
            ways[who].add(taken.way)
    for who, several in ids.items():
        if len(several) > 1:
            yield case.blame(put, f"{who} got it as {sorted(several)}")
        if len(ways[who]) > 1:
            yield case.blame(put, f"doubled: {who} got it by {sorted(ways[who])}")


def _arrived(case: Case, put: Put) -> Iterator[Violation]:
    """Everybody has it; or it says why not, and may say so."""
    got = {who for taken in case.mails[put.scan_id] for who in taken.people}
    missing = put.people - got
    if not missing:
        return
    row = case.after.rows.get(put.scan_id)
    is_replaced = put.scan_id in case.record.replaced
    if is_replaced and (put.etag in case.overwritten or _is(row, "superseded")):
        return
    if not put.is_whole and row and (row.state, row.reason) == ("held", "incomplete"):
        return
    if is_replaced and not row:
        yield case.blame(put, "we wrote over it, and nothing was said of it")
    elif put.is_whole:
        yield case.blame(put, f"{sorted(missing)} did not get it")
    else:
        yield case.blame(put, "it is not whole, and is not held as incomplete")


def _is(row: Standing | None, state: str) -> bool:
    return row is not None and row.state == state


def _recorded(case: Case, put: Put, row: Standing) -> Iterator[Violation]:
    """The ledger says what is so: each mail of the plan, and the row's state."""
    for mail in row.plan:
        key = (row.scan_id, mail["n"], mail["g"])
        took = [taken for taken in case.mails[put.scan_id] if taken.key == key]
        got: frozenset[str] = frozenset().union(*(taken.people for taken in took))
        people = {*mail["to"], *mail["cc"], *mail["bcc"]} - set(mail["refused"])
        if mail["state"] == "accepted" and not people <= got:
            never = sorted(people - got)
            yield case.blame(put, f"{never} is recorded, and never got {key}")
        if mail["state"] != "accepted" and got and row.state != "superseded":
            yield case.blame(put, f"{key} was accepted, and is recorded as open")
        way = f"{mail['transport']} as {mail['sender']}"
        if others := {taken.way for taken in took} - {way}:
            yield case.blame(put, f"{key} is recorded for {way}, and went by {others}")
    yield from _stands(case, put, row)


def _stands(case: Case, put: Put, row: Standing) -> Iterator[Violation]:
    if row.state not in _states(case, put):
        yield case.blame(put, f"it may be {sorted(_states(case, put))}")
    elif row.state == "held":
        if row.reason != ("not-allowed" if put.is_whole else "incomplete"):
            yield case.blame(put, "it is held for a reason that there is not")
        if case.after.blobs["held"].get(row.name) != put.digest:
            yield case.blame(put, f"{row.name} in `held` is not what was put")


def _states(case: Case, put: Put) -> set[str]:
    """States in which its row may end."""
    states = {"superseded"} if put.scan_id in case.record.replaced else set()
    if not put.is_whole or put.names_stranger:
        return states | {"held"}
    # ACS alone says what became of a mail.
    took = (each for each in case.mails[put.scan_id] if each.transport == "acs")
    bounces = any(BOUNCING in each.people for each in took)
    return states | {"bounced" if bounces else "sent"}


def _left(case: Case) -> Iterator[Violation]:
    """Queues and `scans` are empty; `held` and `sent` hold what rows name."""
    after = case.after
    for name, count in after.queues.items():
        if count:
            yield Violation(f"{count} messages are left in {name}")
    for name in after.blobs["scans"]:
        lines = case.record.about(name)
        yield Violation("a file is left in `scans`", path=name, evidence=tuple(lines))
    for container, states in (("held", {"held"}), ("sent", {"sent", "bounced"})):
        rows = [row for row in after.rows.values() if row.state in states]
        named = {row.name for row in rows if row.container == container}
        for name in sorted(set(after.blobs[container]) - named):
            scan_id = name.split("/")[3]
            row = after.rows.get(scan_id)
            lines = case.record.about(scan_id)
            what = f"a file is left in `{container}` that no row names: {row}"
            yield Violation(what, scan_id, name, tuple(lines))
    if after.keeps:
        yield from _kept(case)


def _kept(case: Case) -> Iterator[Violation]:
    for row in case.after.rows.values():
        put = case.puts.get(row.scan_id)
        if put and row.state in {"sent", "bounced"}:
            kept = case.after.blobs["sent"].get(row.name)
            is_replaced = put.scan_id in case.record.replaced
            if kept != put.digest and not (kept is None and is_replaced):
                yield case.blame(put, "what is kept of it is not what was put")


def _logs(case: Case) -> Iterator[Violation]:
    """Nothing that nobody knows left a function, and no worker ended by itself."""
    raised: dict[str, list[Line]] = defaultdict(list)
    for line in case.record.lines:
        if "event=failed" in line.text:
            raised[_raised(line.text)].append(line)
    for kind, lines in raised.items():
        if kind != _KNOWN:
            what = f"{len(lines)} times {kind} left a function"
            yield Violation(what, evidence=tuple(lines[:3]))
    ended = case.record.counts["workers that ended by themselves"]
    if ended:
        yield Violation(f"{ended} workers ended by themselves")


def _raised(text: str) -> str:
    """The last exception of a traceback on one line."""
    parts: Iterable[str] = (part.strip() for part in text.split(" | "))
    kinds = [
        part.partition(":")[0]
        for part in parts
        if re.match(r"[\w.]+(Error|Exception)\b", part)
    ]
    return kinds[-1] if kinds else "something"
