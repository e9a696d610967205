"""The inbox page in a real browser, over real mails of the whole path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import NEEDED, PROGRAM, Browser
from tests.local.test_run import Command

pytestmark = pytest.mark.skipif(not PROGRAM, reason=NEEDED)


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[tuple[Path, str]]:
    """The drop folder of `make run`, and the address of its page."""
    data = tmp_path_factory.mktemp("page") / "data"
    with Command(data, "run") as command:
        address = command.wait_for(r"with its story: (http://localhost:\d+)")[1]
        command.wait_for("Ctrl-C ends it")
        yield data.parent / "drop", address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One window for all."""
    with Browser() as window:
        yield window


def _choose(browser: Browser, address: str, words: str) -> None:
    """Open the list and click on the mail whose entry says so."""
    browser.open(f"{address}/")
    entries = "[...document.querySelectorAll('#list a')]"
    browser.run(f"{entries}.find(a => a.textContent.includes('{words}')).click()")
    browser.wait("location.pathname.startsWith('/mail/')")
    browser.wait("document.readyState === 'complete'")


def test_list_shows_what_arrived(browser, running):
    """Four mails, and the count."""
    _, address = running
    browser.open(f"{address}/")
    assert browser.run("document.querySelectorAll('#list li').length") == 4
    assert browser.run("document.querySelector('#count').textContent") == (
        "4 mails received"
    )


def test_picture_opens_in_the_page(browser, running):
    """It is decoded, not only named."""
    _, address = running
    _choose(browser, address, "whiteboard")
    assert browser.sees("document.querySelector('main img')?.naturalWidth > 100")


def test_pdf_opens_in_the_page(browser, running):
    """The browser's own reader starts in its frame, and nothing blocks it."""
    _, address = running
    _choose(browser, address, "Minutes")
    frame = "document.querySelector('main iframe[src*=\"/file/\"]')"
    assert browser.sees(f"{frame} !== null")
    assert browser.sees(f"{frame}.contentDocument?.contentType === 'application/pdf'")
    # The reader hides its own parts; what stands in its way would leave no grey page.
    assert browser.sees(f"{frame}.contentDocument.body.style.overflow === 'hidden'")


def test_mail_tells_its_headers_and_its_story(browser, running):
    """What a postmaster looks at, and what the ledger knows."""
    _, address = running
    _choose(browser, address, "Minutes")
    browser.run("document.querySelectorAll('summary').forEach(it => it.click())")
    text = browser.run("document.querySelector('main').innerText")
    assert re.search(r"Message-ID: <\d{8}-[0-9a-f]{20}\.0@contoso\.com>", text)
    assert "accepted" in browser.run("document.querySelector('#story').innerText")


def test_mail_that_comes_later_shows_itself(browser, running):
    """Nobody reloads: the list grows while one looks."""
    drop, address = running
    browser.open(f"{address}/")
    before = browser.run("document.querySelectorAll('#list li').length")
    (drop / "front-desk" / "later.txt").write_text("A text that somebody dropped")
    assert browser.sees(f"document.querySelectorAll('#list li').length > {before}")


def test_no_page_complains(browser, running):
    """Neither a script nor the policy has anything to say."""
    _, address = running
    _choose(browser, address, "whiteboard")
    assert browser.said == []
