"""Which files are sidecars, and which scans ask for one."""

from __future__ import annotations

import pytest

from shared.kinds import EXTENSIONS, fitting_name, kind_named
from shared.model import Kind
from shared.route import is_sidecar, sidecar_wanted
from tests.route.world import rules

RULES = rules(
    '[[routes]]\nmatch = "mfp/in/*.pdf"\nsidecar = "json"\n'
    '[[routes]]\nmatch = "mfp/xml/**"\nsidecar = "xml"\n'
    '[[routes]]\nmatch = "mfp/loud/*.PDF"\nsidecar = "xml"\n'
)

WANTED = [
    ("mfp/in/a.pdf", "json"),
    ("mfp/in/a.tif", None),
    ("mfp/xml/1/a.tif", "xml"),
    ("mfp/other/a.pdf", None),
]

SIDECARS = [
    ("mfp/in/a.json", True),
    ("mfp/in/a.xml", False),
    ("mfp/in/a.pdf", False),
    ("mfp/in/a.b.json", True),
    ("mfp/in/x/a.json", False),
    ("mfp/xml/a.xml", True),
    ("mfp/xml/1/2/a.xml", True),
    ("mfp/xml/A.XML", True),
    ("mfp/xml/a.json", False),
    ("mfp/loud/A.XML", True),
    ("mfp/loud/A.xml", True),
    ("mfp/in/A.JSON", False),
    ("mfp/xml/a.Xml", False),
    ("mfp/other/a.json", False),
    ("mfp/in/json", False),
]


@pytest.mark.parametrize(("path", "form"), WANTED)
def test_route_asks_for_a_sidecar(path, form):
    """The first that fits, and no other."""
    assert sidecar_wanted(path, "mfp", RULES) == form


@pytest.mark.parametrize(("path", "is_one"), SIDECARS)
def test_sidecar_is_told_from_a_scan(path, is_one):
    """X.json, where X.pdf (or any other extension) would ask for it."""
    assert is_sidecar(path, "mfp", RULES) is is_one


def test_device_counts_as_it_was_resolved():
    """Both files came by the same sign-in."""
    assert is_sidecar("elsewhere/in/a.json", "mfp", RULES)
    assert not is_sidecar("mfp/in/a.json", "other", RULES)


def test_no_routes_no_sidecars():
    """A JSON file is then what it is."""
    assert not is_sidecar("mfp/in/a.json", "mfp", rules(""))


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_extensions_are_those_of_scans(extension):
    """Each names a kind that can be mailed."""
    assert kind_named(f"a.{extension}")


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_extension(kind):
    """As the mail's attachment has it."""
    assert fitting_name("a", kind).removeprefix("a.") in EXTENSIONS
