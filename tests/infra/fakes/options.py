"""What each command of the real CLIs takes, as their own help shows it.

From `az … --help` of azure-cli 2.91.0 and `azd env set --help`: the options that the
hooks use, with their values. What is not listed here, real or not, is refused.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

ANY: tuple[str, ...] = ()
OUTPUTS = ("json", "jsonc", "none", "table", "tsv", "yaml", "yamlc")
EVERYWHERE: Mapping[str, tuple[str, ...] | None] = {
    "--subscription": ANY,
    "--output": OUTPUTS,
    "--query": ANY,
    "--only-show-errors": None,
}
"""None: a flag, which takes no value."""
STORAGE: Mapping[str, tuple[str, ...] | None] = {
    "--auth-mode": ("key", "login"),
    "--account-name": ANY,
}


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the CLI."""

    options: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    """Options that take one value or more."""


COMMANDS = {
    ("account", "show"): Command(),
    ("storage", "blob", "upload"): Command(
        {
            **STORAGE,
            "--container-name": ANY,
            "--name": ANY,
            "--file": ANY,
            "--metadata": ANY,
            "--overwrite": ("true", "false"),
            "--no-progress": None,
        },
        lists=frozenset({"--metadata"}),
    ),
    ("storage", "entity", "query"): Command(
        {**STORAGE, "--table-name": ANY, "--filter": ANY},
        required=frozenset({"--table-name"}),
    ),
    ("rest",): Command(
        {
            "--method": ("delete", "get", "head", "options", "patch", "post", "put"),
            "--url": ANY,
            "--body": ANY,
            "--uri-parameters": ANY,
        },
        required=frozenset({"--url"}),
        lists=frozenset({"--uri-parameters"}),
    ),
}


def usage(message: str) -> NoReturn:
    """End as argparse ends `az`."""
    sys.stderr.write(f"ERROR: {message}\n")
    raise SystemExit(2)


def parse(words: list[str]) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """Read a command line of `az` as strictly as it does itself, or end with 2."""
    for name, command in COMMANDS.items():
        if tuple(words[: len(name)]) == name:
            return name, _options(command, words[len(name) :])
    usage(f"'{' '.join(words[:3])}' is misspelled or not recognized by the system.")


def _options(command: Command, words: list[str]) -> dict[str, list[str]]:
    known = {**EVERYWHERE, **command.options}
    given: dict[str, list[str]] = {}
    rest = list(words)
    while rest:
        option = rest.pop(0)
        if option not in known or option in given:
            usage(f"unrecognized arguments: {option}")
        given[option] = _values(command, known[option], option, rest)
    if missing := command.required - given.keys():
        usage(f"the following arguments are required: {', '.join(sorted(missing))}")
    return given


def _values(
    command: Command, allowed: tuple[str, ...] | None, option: str, rest: list[str]
) -> list[str]:
    if allowed is None:
        return []
    values = []
    while rest and not rest[0].startswith("--"):
        values.append(rest.pop(0))
        if option not in command.lists:
            break
    if not values:
        usage(f"argument {option}: expected one argument")
    if allowed and values[0] not in allowed:
        usage(f"argument {option}: invalid choice: '{values[0]}'")
    return values
