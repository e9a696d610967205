"""routes.schema.json says what the code says."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from shared.model import Kind
from shared.rules import Policy
from shared.rules_check import (
    DEVICE,
    LANGUAGES,
    MOST_RECIPIENTS,
    POLICY,
    ROUTE,
    TEXTS,
)
from shared.sources import DEFAULTS
from tests.route.schema import SCHEMA, WORDS, faults, resolved
from tests.route.test_recipes import RECIPES
from tests.route.test_rules import WHOLE

TOP = SCHEMA["properties"]
TABLES = [
    ("defaults", TOP["defaults"], TEXTS),
    ("policy", TOP["policy"], POLICY),
    ("devices", TOP["devices"]["additionalProperties"], DEVICE),
    ("routes", TOP["routes"]["items"], ROUTE),
]


def words(schema: dict[str, Any]) -> Iterator[str]:
    """Every word of a schema, but for names of properties and definitions."""
    for key, value in schema.items():
        yield key
        if key == "properties":
            for each in value.values():
                yield from words(each)
        elif isinstance(value, dict):
            yield from words(value)


@pytest.mark.parametrize(
    ("name", "schema", "keys"), TABLES, ids=lambda each: str(each)[:8]
)
def test_tables_have_the_same_keys(name, schema, keys):
    """No key is only completed, and none only understood."""
    assert set(schema["properties"]) == set(keys), name
    assert schema["additionalProperties"] is False


def test_tables_are_the_same():
    """Four of them."""
    assert set(TOP) == {name for name, _, _ in TABLES}


def test_lists_of_words_are_the_same():
    """Kinds, languages, and how many."""
    policy = TOP["policy"]["properties"]
    assert policy["accept"]["items"]["enum"] == [kind.value for kind in Kind]
    assert tuple(SCHEMA["$defs"]["language"]["enum"]) == LANGUAGES
    assert policy["max_recipients"]["maximum"] == MOST_RECIPIENTS


def test_defaults_are_the_same():
    """What an editor shows is what happens."""
    policy, texts = TOP["policy"]["properties"], SCHEMA["$defs"]
    assert policy["max_recipients"]["default"] == Policy().max_recipients
    assert policy["incomplete"]["default"] == Policy().incomplete
    assert {
        "sender" if key == "from" else key: texts[key]["default"]
        for key in TEXTS
        if "default" in texts[key]
    } == dict(DEFAULTS)


def test_every_key_is_described():
    """That is what editors show."""
    for _, schema, _ in TABLES:
        for key, each in schema["properties"].items():
            assert resolved(each).get("description"), key


def test_schema_uses_only_words_that_editors_and_this_test_know():
    """Taplo passes over `unevaluatedProperties`, and over what stands beside $ref."""
    inner = {key: SCHEMA[key] for key in SCHEMA if key not in {"$schema", "$defs"}}
    used = {*words(inner), *(w for d in SCHEMA["$defs"].values() for w in words(d))}
    assert used - {"title"} <= WORDS
    refs = [each for _, table, _ in TABLES for each in table["properties"].values()]
    assert all(len(each) == 1 for each in refs if "$ref" in each)


@pytest.mark.parametrize("toml", [WHOLE, *(recipe.toml for recipe in RECIPES)])
def test_good_files_fit(toml):
    """The one of the tests, and all of docs/routing.md."""
    assert list(faults(tomllib.loads(toml), SCHEMA)) == []


MISFITS = [
    ('default = "x"', ".default: unknown"),
    ('[defaults]\nsubjet = "x"', ".defaults.subjet: unknown"),
    ("[defaults]\nsubject = 3", ".defaults.subject: string"),
    ('[defaults]\nfallback = "office"', ".defaults.fallback: pattern"),
    ('[defaults]\nlanguage = "fr"', ".defaults.language: enum"),
    ('[defaults]\ncc = "a@contoso.com"', ".defaults.cc: array"),
    ('[policy]\nexternal = ["a@b.example"]', ".policy.external[0]: pattern"),
    ("[policy]\nmax_recipients = 0", ".policy.max_recipients: range"),
    ("[policy]\nmax_recipients = true", ".policy.max_recipients: integer"),
    ('[policy]\naccept = ["jpg"]', ".policy.accept[0]: enum"),
    ('[devices."a/b"]', ".devices.a/b: pattern"),
    ('[devices.a]\nto = ["a@contoso.com"]', ".devices.a.to: unknown"),
    ("[[routes]]", ".routes[0].match: required"),
    ('[[routes]]\nmatch = "/a"', ".routes[0].match: pattern"),
    ('[[routes]]\nmatch = "a"\nto = ["x{a}"]', ".routes[0].to[0]: pattern"),
]


@pytest.mark.parametrize(("toml", "fault"), MISFITS)
def test_bad_files_do_not_fit(toml, fault):
    """What an editor can know, it says."""
    assert list(faults(tomllib.loads(toml), SCHEMA)) == [fault]
