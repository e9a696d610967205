"""Text from outside, before it reaches a header, a log or a file name."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.plain import masked, plain, plain_file

TEXTS = [
    ("a\r\nBcc: x@y.z", "a Bcc: x@y.z"),
    ("a\x00b\tc", "a b c"),
    ("inv\u202efdp.exe", "invfdp.exe"),
    ("  two   blanks ", "two blanks"),
    ("a\u2028b\u2029c", "a b c"),
    ("u\u0308ber", "über"),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_text_becomes_one_visible_line(text, expected):
    """Line ends and controls become blanks; direction marks vanish."""
    assert plain(text, 100) == expected


@given(st.text(), st.integers(1, 50))
def test_text_never_holds_controls(text, limit):
    """Whatever comes in, one line of bounded length comes out."""
    out = plain(text, limit)
    assert len(out) <= limit
    assert not any(
        unicodedata.category(char) in {"Cc", "Zl", "Zp", "Cs"} for char in out
    )


FILES = [
    ("a/b\\c:d.pdf", "a_b_c_d.pdf"),
    ("", "scan"),
    ("...", "scan"),
    ("a" * 300 + ".pdf", "a" * 251 + ".pdf"),
    ("a\r\nb.pdf", "a b.pdf"),
]


@pytest.mark.parametrize(("name", "expected"), FILES)
def test_file_name_is_safe_on_every_desktop(name, expected):
    """No path, no reserved character, no more than 255 characters."""
    assert plain_file(name) == expected


@pytest.mark.parametrize(
    ("address", "shown"), [("jane@contoso.com", "j***@contoso.com"), ("nobody", "***")]
)
def test_address_is_masked(address, shown):
    """A log says enough to recognise a person, and no more."""
    assert masked(address) == shown
