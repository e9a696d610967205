"""The journal: what several files' threads write at once is there, or none of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

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
