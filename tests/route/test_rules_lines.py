"""The line of every key, element and table of a TOML document."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules_lines import Path, lines_of

DOCUMENT = '''\
# [not.a.table]
top.dotted = 1.5   # a = "comment"
[defaults]
cc = [ # the first
  "a,]b",

  "c\\"]",
  """
x = 1
""""", [1,
2],
]
'quo"ted'."\\u0041b" = \'\'\'
[no] \'\'\'\'
when = 1979-05-27 07:32:00
inline = {x = 1, y.z = [1, {w = 2}]}
[[routes]]
match = "x"
[routes.sub]
k = true
[[ routes ]]
match = "y"
[devices . "mfp-2f"]
name = 'x'
'''

EXPECTED = {
    ("top", "dotted"): 2,
    ("defaults",): 3,
    ("defaults", "cc"): 4,
    ("defaults", "cc", 0): 5,
    ("defaults", "cc", 1): 7,
    ("defaults", "cc", 2): 8,
    ("defaults", "cc", 3, 0): 10,
    ("defaults", "cc", 3, 1): 11,
    ("defaults", 'quo"ted', "Ab"): 13,
    ("defaults", "when"): 15,
    ("defaults", "inline", "x"): 16,
    ("defaults", "inline", "y", "z", 1, "w"): 16,
    ("routes",): 17,
    ("routes", 0): 17,
    ("routes", 0, "match"): 18,
    ("routes", 0, "sub", "k"): 20,
    ("routes", 1): 21,
    ("routes", 1, "match"): 22,
    ("devices", "mfp-2f"): 23,
    ("devices", "mfp-2f", "name"): 24,
}


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every path of a document that was read."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from paths(each, (*path, key))
    elif isinstance(value, list):
        for position, each in enumerate(value):
            yield from paths(each, (*path, position))


@pytest.mark.parametrize(("path", "line"), EXPECTED.items(), ids=str)
def test_line_of_a_path_is_found(path, line):
    """Whatever stands around it: comments, strings over lines, inline tables."""
    assert lines_of(DOCUMENT)[path] == line


def test_every_path_has_a_line():
    """And nothing has one that is not in the document."""
    assert set(lines_of(DOCUMENT)) == set(paths(tomllib.loads(DOCUMENT)))


_KEYS = st.sampled_from(["a", "b-1", '"c.d"', "'e f'", '"[g]"', '"#"', "10"])
_STRINGS = st.sampled_from(
    ['"x"', "'y'", '"""\n#"""', "'''\n]'''", '"\\""', '"""a"" """', '""', "''''x''''"]
)
_SIMPLE = st.one_of(_STRINGS, st.sampled_from(["1", "-1.5e3", "true", "07:32:00"]))
_VALUES = st.recursive(
    _SIMPLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(
            lambda each: "[\n" + ", # c\n".join(each) + "]"
        ),
        st.dictionaries(
            _KEYS, _SIMPLE.filter(lambda text: "\n" not in text), max_size=2
        ).map(
            lambda each: "{" + ", ".join(f"{k} = {v}" for k, v in each.items()) + "}"
        ),
    ),
    max_leaves=6,
)
_LINES = st.one_of(
    st.tuples(st.lists(_KEYS, min_size=1, max_size=2), _VALUES).map(
        lambda pair: f"{' . '.join(pair[0])} = {pair[1]} # c"
    ),
    st.lists(_KEYS, min_size=1, max_size=3).map(lambda keys: f"[{'.'.join(keys)}]"),
    st.lists(_KEYS, min_size=1, max_size=2).map(lambda keys: f"[[{'.'.join(keys)}]]"),
    st.sampled_from(["", "# [x]"]),
)


@given(st.lists(_LINES, max_size=8))
def test_any_valid_document_is_walked_without_loss(lines):
    """Every path that tomllib reads has a line that exists."""
    text = "\n".join(lines)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    found = lines_of(text)
    assert set(found) == set(paths(document))
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())
