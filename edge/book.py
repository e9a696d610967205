"""The journal on disk: how far each claimed file has come, whatever is killed.

SQLite in `state_dir`. A row begins when a file is about to be committed, is the one
thing that must be on the disk before the next step, and says afterwards what went.
Raises `BookError` where it cannot be read or written: a full disk, say.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .entry import COLUMNS, Entry, entry_of, row_of

FILE = "edge.sqlite3"
KEPT_ROWS = 1000
"""Of files that went, at least: for `status`."""
KEPT_SECONDS = 14 * 86_400.0
"""So long a name is known to have been used: its blob may still lie there."""
_VERSION = 1
_BUSY_SECONDS = 10.0
_HINT = "is the disk full, or not ours to write?"
_DAMAGED = (
    f"move {FILE} and what begins like it away, and start again: files that wait go "
    "all the same, and only one that was just being handed over may go twice"
)
_SCHEMA = """
create table if not exists uploads (
    claim_id text primary key,
    folder text not null,
    path text not null,
    step text not null,
    blob text not null default '',
    size integer not null default 0,
    md5 text not null default '',
    blocks integer not null default 0,
    depot text not null default '',
    media_type text not null default '',
    metadata text not null default '{}',
    pages integer not null default 0,
    members text not null default '[]',
    changed real not null,
    error text not null default ''
);
create index if not exists uploads_step on uploads (step, changed);
create index if not exists uploads_blob on uploads (blob);
"""


_INSERT = (
    f"insert or replace into uploads ({', '.join(COLUMNS)}) "  # noqa: S608 (our own names)
    f"values ({', '.join(f':{name}' for name in COLUMNS)})"
)


class BookError(Exception):
    """The journal cannot be read or written; says why and what to do."""


@dataclass(slots=True, eq=False)
class _Batch:
    """Rows that are written together: a disk is waited for once, not once each."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By claim: rows that nobody waits for."""
    is_durable: bool = False
    is_written: bool = False
    fault: BookError | None = None


class Book:
    """The journal. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        """Open it, made if need be. Raises BookError."""
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._level = ""
        self._batch = _Batch()
        self._joining = threading.Lock()
        with _crossing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            is_new = not (folder / FILE).exists()
            self._db = _opened(folder / FILE)
            # Another one to read by: it does not wait while the disk is waited for.
            self._view = _opened(folder / FILE)
            try:
                self._begin()
                if is_new and os.geteuid() == 0:
                    # Tried by root, used by the agent's own user.
                    owner = folder.stat()
                    os.chown(folder / FILE, owner.st_uid, owner.st_gid)
            except BaseException:
                # Whatever it was: nobody else has the file in hand, to close it.
                self._db.close()
                self._view.close()
                raise
        self._folder = folder

    def _begin(self) -> None:
        """Make the tables, and see that the file can be read."""
        (version,) = self._db.execute("pragma user_version").fetchone()
        if version not in {0, _VERSION}:
            raise sqlite3.DatabaseError(f"{FILE} is of another version ({version})")
        if not version:
            self._db.execute("pragma journal_mode = wal")
            self._db.executescript(_SCHEMA)
            self._db.execute(f"pragma user_version = {_VERSION}")
        (verdict,) = self._db.execute("pragma quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"{FILE} is damaged ({verdict})")

    def write(self, entry: Entry, *, is_durable: bool = False) -> None:
        """Write a file's row; durable: it survives a power cut once this returns."""
        row = row_of(entry)
        with self._joining:
            batch = self._batch
            batch.rows.append(row)
            batch.is_durable |= is_durable
        self._bring(batch)

    def note(self, entry: Entry) -> None:
        """Write a file's row with whatever is written next: in time, or by `flush`.

        Never after a row that is written later. Where it cannot be written it is kept.
        """
        row = row_of(entry)
        with self._joining:
            self._batch.notes[entry.claim_id] = row

    def flush(self) -> None:
        """Write what was noted."""
        with self._joining:
            batch = self._batch
        if batch.notes:
            self._bring(batch)

    def _try_to_flush(self) -> None:
        with suppress(BookError):
            # What was noted is behind then, as after a kill; to read is still possible.
            self.flush()

    def _bring(self, batch: _Batch) -> None:
        with self._lock:
            if not batch.is_written:
                # While this one waited, others joined it: who comes now, comes next.
                with self._joining:
                    if self._batch is batch:
                        self._batch = _Batch()
                self._write(batch)
        if batch.fault:
            raise BookError(str(batch.fault)) from batch.fault

    def _write(self, batch: _Batch) -> None:
        try:
            with _crossing(self._folder):
                # A kill needs no flush, the system has it; a power cut does.
                self._set_level(durable=batch.is_durable)
                self._db.execute("begin immediate")
                try:
                    self._db.executemany(_INSERT, batch.notes.values())
                    self._db.executemany(_INSERT, batch.rows)
                    self._db.execute("commit")
                except BaseException:
                    # Whatever it was: the next batch begins a transaction of its own.
                    if self._db.in_transaction:
                        self._db.execute("rollback")
                    raise
        except BookError as exc:
            batch.fault = exc
        except Exception as exc:  # noqa: BLE001 (all who wait for it hear of it)
            batch.fault = BookError(f"state_dir {self._folder}: {exc!r}")
        if batch.fault:
            # What was noted is kept for the next.
            with self._joining:
                self._batch.notes = batch.notes | self._batch.notes
        batch.is_written = True

    def _set_level(self, *, durable: bool) -> None:
        """Set how the next transaction is flushed."""
        level = "full" if durable else "normal"
        if level != self._level:
            self._db.execute(f"pragma synchronous = {level}")
            self._level = level

    def find(self, claim_id: str) -> Entry | None:
        """Look a file up; None: nothing of it was committed."""
        found = self._select("where claim_id = ?", claim_id)
        return found[0] if found else None

    def has_used(self, blob: str) -> bool:
        """Whether a file went, or was to go, by this name, as far as is known."""
        with self._reading, _crossing(self._folder):
            found = self._view.execute(
                "select 1 from uploads where blob = ? limit 1", (blob,)
            )
            return bool(found.fetchall())

    def sent(self) -> dict[str, str]:
        """Every claim that is known to have gone -> the claim of its row."""
        self._try_to_flush()
        with self._reading, _crossing(self._folder):
            rows = self._view.execute(
                "select claim_id, members from uploads where step = 'cleared'"
            ).fetchall()
        return {each: row[0] for row in rows for each in json.loads(row[1])}

    def open(self) -> list[Entry]:
        """Every file that is not cleared away yet, the oldest step first."""
        self._try_to_flush()
        return self._select("where step != 'cleared' order by changed")

    def folders(self) -> list[str]:
        """Every folder that a row names, watched still or not."""
        with self._reading, _crossing(self._folder):
            rows = self._view.execute("select distinct folder from uploads").fetchall()
        return [os.fsdecode(bytes(row[0])) for row in rows]

    def last(self, count: int) -> list[Entry]:
        """The files that went last, the latest first."""
        self._try_to_flush()
        return self._select(
            "where step = 'cleared' order by changed desc limit ?", count
        )

    def prune(self, now: float) -> None:
        """Forget the oldest of those that went; `now` is seconds since 1970."""
        with self._lock, _crossing(self._folder):
            self._db.execute(
                "delete from uploads where step = 'cleared' and changed < ? "
                "and claim_id not in (select claim_id from uploads "
                "where step = 'cleared' order by changed desc limit ?)",
                (now - KEPT_SECONDS, KEPT_ROWS),
            )

    def remove(self, claim_id: str) -> None:
        """Forget a file that was given back."""
        with self._lock, _crossing(self._folder):
            with self._joining:
                self._batch.notes.pop(claim_id, None)
            self._db.execute("delete from uploads where claim_id = ?", (claim_id,))

    def close(self) -> None:
        """Write what was noted, and close the file, whatever comes of that."""
        try:
            self.flush()
        finally:
            self._close()

    def _close(self) -> None:
        with self._lock, self._reading:
            self._view.close()
            self._db.close()

    def _select(self, rest: str, *values: Any) -> list[Entry]:
        with self._reading, _crossing(self._folder):
            rows = self._view.execute(
                f"select * from uploads {rest}",  # noqa: S608 (our own words)
                values,
            ).fetchall()
        return [entry_of(row) for row in rows]


def _opened(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        file, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    return connection


@contextmanager
def _crossing(folder: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as exc:
        raise BookError(f"state_dir {folder}: {exc}: {_HINT}") from exc
    except sqlite3.DatabaseError as exc:
        raise BookError(f"state_dir {folder}: {exc}: {_DAMAGED}") from exc
    except (sqlite3.Error, OSError) as exc:
        raise BookError(f"state_dir {folder}: {exc}: {_HINT}") from exc
