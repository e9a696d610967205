"""What a `match` fits, what it captures, and how texts are filled in."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.patterns import PatternError, fill, parse_pattern, placeholders

FITS = [
    ("{device}/invoices/**", "mfp/invoices/a.pdf", {}),
    ("{device}/invoices/**", "mfp/invoices/2026/11/a.pdf", {}),
    ("{device}/*", "mfp/a.pdf", {}),
    ("mfp/*.pdf", "mfp/a.pdf", {}),
    ("mfp/*", "mfp/.pdf", {}),
    ("**", "mfp/a/b/c.pdf", {}),
    ("**/invoices/*", "mfp/invoices/a.pdf", {}),
    ("**/invoices/*", "mfp/x/y/invoices/a.pdf", {}),
    ("{device}/**/a.pdf", "mfp/a.pdf", {}),
    ("{device}/**/a.pdf", "mfp/x/y/a.pdf", {}),
    ("{device}/**/x/**/a.pdf", "mfp/1/x/x/2/a.pdf", {}),
    ("{device}/home/{login}/*", "mfp/home/ann/a.pdf", {"login": "ann"}),
    ("{device}/{a}/{b}", "mfp/1/2", {"a": "1", "b": "2"}),
    ("{room}/*", "mfp/a.pdf", {"room": "mfp"}),
    ("{device}/{login}_*.pdf", "mfp/ann_b_1.pdf", {"login": "ann"}),
    ("{device}/{a}_{b}.pdf", "mfp/1_2_3.pdf", {"a": "1", "b": "2_3"}),
    ("{device}/{a}__{b}", "mfp/___x", {"a": "_", "b": "x"}),
    ("{device}/**/{cost-centre}/*", "mfp/x/4711/a.pdf", {"cost-centre": "4711"}),
    ("{device}/{who}/**", "mfp/ann/bob/a.pdf", {"who": "ann"}),
    ("{device}/a+b (1).pdf", "mfp/a+b (1).pdf", {}),
    ("{device}/b\u00fcro/*", "mfp/bu\u0308ro/a.pdf", {}),
    ("{device}/bu\u0308ro/*", "mfp/b\u00fcro/a.pdf", {}),
    ("{device}/{x}/*", "mfp/bu\u0308ro/a.pdf", {"x": "b\u00fcro"}),
    ("{device}/{x}/*", "mfp/{device}/a.pdf", {"x": "{device}"}),
    ("{device}/{x}", "mfp/a\nb", {"x": "a\nb"}),
    ("{device}/*/a.pdf", "mfp//a.pdf", {}),
]

FITS_NOT = [
    ("{device}/invoices/**", "mfp/invoices"),
    ("{device}/invoices/**", "mfp/invoices/"),
    ("{device}/invoices/**", "mfp/Invoices/a.pdf"),
    ("{device}/invoices/**", "mfp/x/invoices/a.pdf"),
    ("{device}/invoices/**", "mfp/invoices2/a.pdf"),
    ("{device}/*", "mfp/x/a.pdf"),
    ("{device}/*.pdf", "mfp/a.pdf.exe"),
    ("{device}/*.pdf", "mfp/a_pdf"),
    ("{device}/{login}/*", "mfp//a.pdf"),
    ("{device}/{login}_*", "mfp/_a.pdf"),
    ("{device}/{a}/{b}", "mfp/1/2/3"),
    ("{device}/a", "mfp/a\n"),
    ("other/*", "mfp/a.pdf"),
    ("**/x/*", "mfp/a.pdf"),
]

BAD = [
    ("", "an empty segment"),
    ("/mfp/*", "an empty segment"),
    ("mfp//*", "an empty segment"),
    ("mfp/*/", "an empty segment"),
    ("{device", "'{' without"),
    ("mfp/a}", "'}' without"),
    ("{device}/{a/b}", "'{' without"),
    ("{device}/{{a}}", "'{' without"),
    ("{device}/{}", "{} is no name"),
    ("{device}/{1a}", "{1a} is no name"),
    ("{device}/{a b}", "{a b} is no name"),
    ("{device}/{b\u00fcro}", "is no name"),
    ("{device}/{a}/{a}", "{a} stands there twice"),
    ("{device}/{a}{b}", "between two wildcards"),
    ("{device}/{a}*", "between two wildcards"),
    ("{device}/a**", "whole segment"),
    ("{device}/***", "whole segment"),
    ("{device}/**/{a}**", "between two wildcards"),
    ("a/{device}/*", "first folder"),
    ("{device}x/*", "whole first segment"),
    ("x" * 1025, "longer than 1024"),
]


def match(pattern: str, path: str) -> dict[str, str] | None:
    """Match a path under its own first folder."""
    return parse_pattern(pattern).match(path.partition("/")[0], path)


@pytest.mark.parametrize(("pattern", "path", "captured"), FITS)
def test_pattern_fits_and_captures(pattern, path, captured):
    """One segment for `{x}`, within one for `*`, any depth for `**`; NFC; case."""
    assert match(pattern, path) == captured


@pytest.mark.parametrize(("pattern", "path"), FITS_NOT)
def test_pattern_fits_nothing_else(pattern, path):
    """No segment is crossed, no end is left open."""
    assert match(pattern, path) is None


@pytest.mark.parametrize(("pattern", "why"), BAD)
def test_bad_pattern_is_refused(pattern, why):
    """When the file is read, with what to write instead."""
    with pytest.raises(PatternError, match=re.escape(why)):
        parse_pattern(pattern)


def test_resolved_device_stands_for_the_first_folder():
    """Who signed in by SFTP wins over the folder's name."""
    pattern = parse_pattern("mfp-2f/*")
    assert pattern.match("mfp-2f", "elsewhere/a.pdf") == {}
    assert pattern.match("other", "mfp-2f/a.pdf") is None


def test_file_at_the_root_has_a_folder_all_the_same():
    """It matches as `unknown/FILE`."""
    assert parse_pattern("unknown/*").match("unknown", "a.pdf") == {}
    assert parse_pattern("{device}/*").match("unknown", "/a.pdf") == {}


def test_device_is_one_segment_whatever_it_holds():
    """A device that says `a/b` reaches no other folder's route."""
    assert parse_pattern("a/b/*").match("a/b", "mfp/x.pdf") is None


@pytest.mark.parametrize(
    "pattern",
    [
        "**/" + "*a" * 20 + "b/**/x",
        "**/{a}a{b}a{c}a*",
        "**/" * 60 + "x",
    ],
)
def test_hostile_path_takes_no_time(pattern):
    """No pattern makes matching explode."""
    compiled = parse_pattern(pattern)
    paths = ["mfp/" + "a" * 1020, "mfp/" + "a/" * 510 + "a", "mfp/" + "aaaaaaa/" * 127]
    begun = time.perf_counter()
    for path in paths:
        compiled.match("mfp", path)
    assert time.perf_counter() - begun < 0.5


@given(st.text("ab/*{}x", max_size=20), st.text("ab/x", max_size=20))
def test_any_pattern_is_refused_or_can_be_matched(pattern, path):
    """And captures exactly what it says it captures."""
    try:
        compiled = parse_pattern(pattern)
    except PatternError:
        return
    captured = compiled.match("dev", path)
    assert captured is None or tuple(captured) == compiled.captures


def naive(pattern: str, path: str) -> bool:
    """Match without captures, by trying everything."""
    if not pattern or not path:
        return not path and not pattern.strip("*")
    if pattern[0] != "*":
        return pattern[0] == path[0] and naive(pattern[1:], path[1:])
    return naive(pattern[1:], path) or (path[0] != "/" and naive(pattern, path[1:]))


def naive_deep(parts: list[str], segments: list[str]) -> bool:
    """The same over segments, with `**`."""
    if not parts:
        return not segments
    if parts[0] != "**":
        head = bool(segments) and naive(parts[0], segments[0])
        return head and naive_deep(parts[1:], segments[1:])
    least = 1 if len(parts) == 1 else 0
    return any(
        naive_deep(parts[1:], segments[skipped:])
        for skipped in range(least, len(segments) + 1)
        if len(parts) > 1 or skipped == len(segments)
    )


_PARTS = st.one_of(st.just("**"), st.from_regex(r"\A[ab]?(\*[ab]+){0,3}\*?\Z"))


@given(
    st.lists(_PARTS.filter(bool), min_size=1, max_size=5),
    st.lists(st.text("ab", min_size=1, max_size=5), min_size=2, max_size=6),
)
def test_matching_agrees_with_trying_everything(parts, segments):
    """The shortcut that never looks back loses no match."""
    compiled = parse_pattern("/".join(parts))
    found = compiled.match(segments[0], "/".join(segments))
    assert (found is not None) == naive_deep(parts, segments)


def test_values_are_filled_in_once():
    """Nothing in a value is expanded again."""
    values = {"name": "{date} {name}", "date": "2026-11-21"}
    assert fill("{name}: {date}", values) == "{date} {name}: 2026-11-21"


def test_placeholders_are_named_in_order():
    """For checking them when the file is read."""
    assert placeholders("{a} and {cost-centre}") == ("a", "cost-centre")


@pytest.mark.parametrize("text", ["{", "}", "{}", "a {b", "{a{b}}", "{{a}}"])
def test_stray_brace_is_refused(text):
    """A text that cannot be meant."""
    with pytest.raises(PatternError, match="brace"):
        placeholders(text)
