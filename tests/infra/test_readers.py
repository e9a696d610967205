"""The reader of the templates is right: held against pycep-parser, and by examples."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest
from pycep import BicepParser

from tests.infra import template, values
from tests.infra.functions import Later

FILES = template.load()
WITH_CODE = [name for name, it in FILES.items() if it.resources or it.modules]
VALUES = [
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("true || false && false", True),
    ("(true || false) && false", False),
    ("!false && 1 == 1", True),
    ("1 < 2 == true", True),
    ("none ?? 'a' == 'b'", False),
    ("text == 'x' ? 'yes' : text == 'y' ? 'or' : 'no'", "yes"),
    ("empty(list) ? 'none' : '${length(list)}'", "2"),
    ("'a${text}b${toUpper('c')}'", "axbC"),
    ("'${'in ${text}'} and {}'", "in x and {}"),
    (r"'it\'s \${text}'", "it's ${text}"),
    ("'''\nraw ${text}\n'''", "raw ${text}\n"),
    ("thing.deep['a-b']", 1),
    ("thing.?missing.?more ?? 'else'", "else"),
    ("thing.?missing.more.deep ?? 'else'", "else"),
    ("thing[?'missing'] ?? 0", 0),
    ("list[1]", "b"),
    ("map(list, it => '${it}!')", ["a!", "b!"]),
    ("filter(list, it => it != 'a')", ["b"]),
    ("reduce(list, '', (all, it) => '${all}${it}')", "ab"),
    ("toObject(list, it => it, it => toUpper(it))", {"a": "A", "b": "B"}),
    ("[for (it, at) in list: '${it}${at}']", ["a0", "b1"]),
    ("[\n  'x'\n  ...list\n]", ["x", "a", "b"]),
    ("{\n  ...thing\n  more: 2\n}.more", 2),
    ("union({ a: { b: 1 } }, { a: { c: 2 } })", {"a": {"b": 1, "c": 2}}),
    ("contains(list, 'a') && contains('abc', 'b')", True),
    ("items({ b: 1, a: 2 })[0].key", "a"),
    ("double('x')", "xx"),
    ("cidrSubnet('10.93.0.0/24', 27, 1)", "10.93.0.32/27"),
    ("text == 'x'\n  ? 'wrapped'\n  : 'not'", "wrapped"),
]
HEAD = """
var text = 'x' // a comment, 'quoted'
var list = ['a', 'b']
var none = null
var thing = { deep: { 'a-b': 1 } }
func double(it string) string => '${it}${it}'
"""


def file(folder: Path, text: str, name: str = "x.bicep") -> template.File:
    """A file with this text, read."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return template.read(path)


@pytest.mark.parametrize("name", WITH_CODE)
def test_two_readers_see_the_same(name):
    """Each resource, module, parameter and output, with type, condition and loop."""
    ours = FILES[name]
    theirs = cast("dict[str, Any]", BicepParser().parse(text=simple(ours.text)))
    seen = {
        name: (it["type"], it["api_version"], it["existing"], *shape(it["config"]))
        for name, it in theirs.get("resources", {}).items()
    }
    # Of the resources in a resource's brackets it keeps the last one only.
    assert seen == {
        full(it, ours): (
            it.type,
            it.api_version,
            it.is_existing,
            it.loop is not None,
            it.condition is not None,
        )
        for it in ours.resources.values()
        if not it.parent or full(it, ours) in seen
    }
    for kind in ("modules", "parameters", "variables", "outputs"):
        assert set(theirs.get(kind, {})) == set(getattr(ours, kind))


def simple(text: str) -> str:
    """A file in what pycep-parser reads.

    It knows no type with decorators, no line that begins with `?`, no spread.
    """
    text = re.sub(r"^type (?:.|\n)*?^}", "", text, flags=re.MULTILINE)
    text = re.sub(r"\n +([?:]) ", r" \1 ", text)
    return re.sub(r"\.\.\.(?=\w)", "spread: ", text)


def full(it: template.Resource, file: template.File) -> str:
    """A resource's symbol behind its parents', as pycep-parser spells it."""
    outer = file.resources.get(it.parent)
    return f"{full(outer, file)}__{it.symbol}" if outer else it.symbol


def shape(config: object) -> tuple[bool, bool]:
    """Whether pycep-parser saw a loop, and a condition."""
    assert isinstance(config, dict)
    is_loop = "loop_type" in config
    inner = config["config"] if is_loop else config
    return is_loop, "condition" in inner and "config" in inner


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_expressions_mean_what_bicep_means(tmp_path, expression, value):
    """Precedence, texts, safe access, lambdas, loops, spreads."""
    read = file(tmp_path, f"{HEAD}var it = {expression}\n")
    assert values.Deployment(read, {}).look_up("it", {}) == value


MODULES = """
param on bool
param names string[]
resource outer 'Test/outers@2026-01-01' = {
  name: 'o'
  resource inner 'inners' = if (on) {
    name: 'i'
  }
}
module each 'part.bicep' = [for name in names: if (name != 'b') {
  name: 'each-${name}'
  params: { name: name }
}]
module sometimes 'part.bicep' = if (on) {
  params: { name: 'sometimes' }
}
output known string = on ? sometimes!.outputs.full : ''
output unknown string = sometimes.outputs.full
output itself string = '${sometimes.name}: ${sometimes.?outputs.name}'
output safe string = sometimes.?outputs.?full ?? 'none'
"""
PART = """
param name string
output name string = '${name} of part'
resource it 'Test/parts@2026-01-01' = {
  name: name
  properties: { key: 'k' }
}
resource there 'Test/outers@2026-01-01' existing = {
  name: 'there'
  resource inside 'inners' existing = { name: 'inside' }
}
resource on 'Test/extensions@2026-01-01' = {
  scope: there::inside
  name: guid(it.id)
}
output full string = it.properties.address
"""


@pytest.fixture
def parts(tmp_path) -> template.File:
    """Two files, with modules in loops and under conditions."""
    file(tmp_path, PART, "part.bicep")
    return file(tmp_path, MODULES, "main.bicep")


@pytest.mark.parametrize(
    ("on", "names", "made"),
    [
        (False, [], ["o"]),
        (True, [], ["o", "o/i", "sometimes"]),
        (False, ["a", "b", "c"], ["o", "a", "c"]),
    ],
)
def test_conditions_and_loops_decide_what_is_made(parts, on, names, made):
    """Through modules too."""
    found = values.Deployment(parts, {"on": on, "names": names}).made()
    assert [it.name for it in found if it.type != "Test/extensions"] == made


def test_what_azure_alone_knows_is_a_later(parts):
    """It may be handed on, and is told from what is known."""
    deployment = values.Deployment(parts, {"on": True, "names": []})
    assert isinstance(deployment.output("known"), Later)
    assert deployment.output("itself") == "sometimes: sometimes of part"
    extension = list(deployment.made())[-1]
    assert extension.scope == "Test/outers/inners/there/inside"


def test_reading_what_is_not_made_is_a_fault(parts):
    """As it is in Azure, where the deployment would end there."""
    deployment = values.Deployment(parts, {"on": False, "names": []})
    assert deployment.output("known") == ""
    assert deployment.output("safe") == "none"
    with pytest.raises(LookupError, match="sometimes"):
        deployment.output("unknown")


def test_a_parameter_that_is_not_given_is_a_fault(parts):
    """No set forgets one."""
    with pytest.raises(LookupError, match="on is not given"):
        list(values.Deployment(parts, {"names": []}).made())


def test_parameters_files_read_the_environment(tmp_path):
    """As azd hands it over."""
    file(tmp_path, "param a string\noutput a string = a\n", "main.bicep")
    text = "using 'main.bicep'\nparam a = readEnvironmentVariable('A', 'none')\n"
    file(tmp_path, text, "main.bicepparam")
    path = tmp_path / "main.bicepparam"
    assert values.deploy(path).output("a") == "none"
    assert values.deploy(path, {"A": "b"}).output("a") == "b"


def test_comments_are_found_but_not_in_texts(tmp_path):
    """They hold the reasons."""
    read = file(tmp_path, "var a = 'http://b' // why\n/* and\nhow */\nvar c = 1\n")
    assert read.comments == [(1, "why"), (2, "and\nhow")]


@pytest.mark.parametrize("text", ["var a = 'x\n", "var a = (1\n", "thing a\n", "var €"])
def test_what_is_no_bicep_is_refused(tmp_path, text):
    """With the line."""
    with pytest.raises(SyntaxError):
        file(tmp_path, text)
