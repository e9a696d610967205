"""The journal: what several files' threads write at once is there, or none of it."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from edge import book as books
from edge.book import Book, BookError
from edge.entry import Entry, Step

ROWS = 64


def entry(number: int, step: Step = Step.COMMITTING) -> Entry:
    """A file's row."""
    return Entry(claim_id=f"{number:04}", folder="/srv", path="scan.pdf", step=step)


def written(book: Book, number: int) -> Exception | None:
    """What came of writing a file's row."""
    try:
        book.write(entry(number), is_durable=number % 2 == 0)
    except BookError as exc:
        return exc
    return None


def test_rows_of_many_threads_are_all_there(tmp_path: Path):
    """Whoever has returned has its row on the disk, and a new journal reads it."""
    book = Book(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda number: written(book, number), range(ROWS)))
    assert said == [None] * ROWS
    other = Book(tmp_path)
    assert {each.claim_id for each in other.open()} == {f"{n:04}" for n in range(ROWS)}
    book.close()
    other.close()


def test_later_step_of_a_file_is_the_one_that_counts(tmp_path: Path):
    """One thread writes a file's steps in their order, among the others' rows."""
    book = Book(tmp_path)

    def go(number: int) -> None:
        for step in (Step.COMMITTING, Step.COMMITTED, Step.CLEARED):
            book.write(entry(number, step), is_durable=step is Step.COMMITTING)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(go, range(ROWS)))
    assert not book.open()
    assert len(book.last(ROWS)) == ROWS
    book.close()


def test_everybody_whose_row_was_not_written_is_told(tmp_path: Path):
    """Rows that are written together fail together."""
    book = Book(tmp_path)
    book.close()
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda number: written(book, number), range(ROWS)))
    assert all(isinstance(each, BookError) for each in said)
    again = Book(tmp_path)
    assert not again.open()
    assert written(again, 1) is None
    with pytest.raises(BookError):
        book.write(entry(2))
    again.close()


def seen(folder: Path) -> dict[str, Step]:
    """What is on the disk: what a kill at this moment would leave."""
    other = Book(folder)
    rows = {each.claim_id: each.step for each in [*other.open(), *other.last(ROWS)]}
    other.close()
    return rows


def test_what_was_noted_is_never_behind_what_is_written_later(tmp_path: Path):
    """A name is used again only when the row of whoever had it says that it went."""
    book = Book(tmp_path)
    book.write(entry(1), is_durable=True)
    book.note(entry(1, Step.COMMITTED))
    book.note(entry(1, Step.CLEARED))
    assert seen(tmp_path) == {"0001": Step.COMMITTING}
    book.write(entry(2), is_durable=True)
    assert seen(tmp_path) == {"0001": Step.CLEARED, "0002": Step.COMMITTING}
    book.close()


@pytest.mark.parametrize("way", ["flush", "close", "open"])
def test_what_was_noted_is_written_in_time(tmp_path: Path, way):
    """By the clock, at the end, or before anybody reads."""
    book = Book(tmp_path)
    book.note(entry(1, Step.CLEARED))
    getattr(book, way)()
    assert seen(tmp_path) == {"0001": Step.CLEARED}
    book.close()


def test_what_was_noted_waits_where_nothing_can_be_written(tmp_path, monkeypatch):
    """And what is forgotten meanwhile stays forgotten."""
    monkeypatch.setattr(books, "_BUSY_SECONDS", 0.1)
    book = Book(tmp_path)
    other = sqlite3.connect(tmp_path / books.FILE, isolation_level=None)
    other.execute("begin immediate")
    book.note(entry(1, Step.CLEARED))
    book.note(entry(2, Step.CLEARED))
    assert isinstance(written(book, 3), BookError)
    with pytest.raises(BookError, match="locked"):
        book.flush()
    assert book.open() == []
    other.close()
    book.remove("0002")
    book.flush()
    assert seen(tmp_path) == {"0001": Step.CLEARED}
    book.close()


def test_what_cannot_be_a_row_takes_no_other_along(tmp_path: Path):
    """Its writer hears of it; what was noted waits for the next."""
    book = Book(tmp_path)
    book.note(entry(1, Step.CLEARED))
    with pytest.raises(BookError, match="Unicode"):
        book.write(replace(entry(2), blob="\udce4"))
    assert written(book, 3) is None
    assert seen(tmp_path) == {"0001": Step.CLEARED, "0003": Step.COMMITTING}
    book.close()


def test_reason_with_a_name_that_is_no_utf_8_is_written(tmp_path: Path):
    """As it can be shown."""
    book = Book(tmp_path)
    book.write(replace(entry(1), error="Anh\udce4ng cannot be merged"))
    (row,) = book.open()
    assert row.error == "Anh?ng cannot be merged"
    book.close()
