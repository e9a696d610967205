"""`guess`: what names tell, for people and for programs."""

from __future__ import annotations

import argparse
import json

import pytest

from edge import guess


def told(capsys, *words):
    """Run the verb; its status and what it prints."""
    top = argparse.ArgumentParser()
    guess.add_to(top.add_subparsers())
    asked = top.parse_args(["guess", *words])
    return asked.run(asked), capsys.readouterr().out


def test_a_name_is_told_in_one_line(capsys):
    """Vendor, time, job and page."""
    status, said = told(capsys, "20251009141512046_0003.jpg", "DOC.XSM/00000001.TIF")
    assert status == 0
    assert said.splitlines() == [
        "20251009141512046_0003.jpg: vendor Ricoh, time 2025-10-09T14:15:12.046, "
        "job 20251009141512046, page 3",
        "DOC.XSM/00000001.TIF: vendor Xerox, job DOC.XSM, page 1",
    ]


def test_json_is_one_document(capsys):
    """A list in the order of the names; null where a name tells nothing."""
    status, said = told(capsys, "--json", "SCN_0001.pdf", "Übersicht.pdf")
    assert status == 1
    assert json.loads(said) == [
        {
            "name": "SCN_0001.pdf",
            "vendor": "Canon",
            "time": None,
            "job": "SCN_0001",
            "page": None,
        },
        {
            "name": "Übersicht.pdf",
            "vendor": "unknown",
            "time": None,
            "job": None,
            "page": None,
        },
    ]


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_name_of_no_encoding_is_told(capsys, words):
    """Nothing that a folder can hold breaks the terminal."""
    status, said = told(capsys, *words, "\udcff\x1b[2J.pdf")
    assert status == 1
    assert "\x1b" not in said
    said.encode()


def test_page_nought_is_told(capsys):
    """Kyocera may begin there."""
    assert told(capsys, "scan0012_000.tif")[1].endswith("page 0\n")
