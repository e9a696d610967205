"""Three sets of answers, and the list of what each makes, for a reviewer to read.

`python -m tests.infra.sets write` writes the lists anew; without a word it prints them.
A list names every resource with its type, every role assignment with its scope and
reason, and every setting of the app. Names end in `…` where Azure puts a unique text.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from . import values
from .functions import TOKEN
from .template import INFRA
from .values import Made

SETS = ("smallest", "typical", "everything")
ROLES = "Microsoft.Authorization/roleAssignments"
APPS = "Microsoft.Web/sites"
KINDS = {
    "communicationServices": "mail",
    "components": "telemetry",
    "containers": "container",
    "queues": "queue",
    "storageAccounts": "account",
    "tables": "table",
    "vaults": "vault",
}


def parameters(name: str) -> Path:
    """The file with the answers."""
    return INFRA / "sets" / f"{name}.bicepparam"


def written(name: str) -> Path:
    """The list that stands in the repository."""
    return INFRA / "sets" / f"{name}.txt"


def made(name: str) -> list[Made]:
    """What a set makes."""
    return list(values.deploy(parameters(name)).made())


def listed(name: str) -> str:
    """What a set makes, as text."""
    deployment = values.deploy(parameters(name))
    found = list(deployment.made())
    people = deployment.parameters["people"]
    lines = [
        f"# What sets/{name}.bicepparam makes: {len(found)} resources.",
        "# Written by `python -m tests.infra.sets write`.",
        *_resources(it for it in found if it.type != ROLES),
        *_grants((it for it in found if it.type == ROLES), people),
        *_settings(it for it in found if it.type == APPS),
    ]
    return "\n".join(lines).replace(TOKEN, "…") + "\n"


def _resources(found: Iterable[Made]) -> Iterator[str]:
    ordered = sorted(found, key=lambda it: (it.type, it.name))
    for kind, same in groupby(ordered, key=lambda it: it.type):
        yield ""
        yield kind
        yield from (f"  {it.name}" for it in same)


def _grants(found: Iterable[Made], people: Mapping[str, Any]) -> Iterator[str]:
    names = {
        identity: f"people.{name}"
        for name, given in people.items()
        for identity in (given if isinstance(given, list) else [given])
    }
    lines = defaultdict(list)
    for it in found:
        told: dict[str, Any] = it.body["properties"]
        who = names.get(told["principalId"], told["principalId"])
        lines[f"{who}, {told['principalType']}"].append(_grant(it, told))
    yield from ("", "Role assignments: to whom, and what, on what, and why")
    for who, several in sorted(lines.items()):
        yield f"  {who}"
        yield from (f"    {line}" for line in sorted(several))


def _grant(it: Made, told: Mapping[str, Any]) -> str:
    role = role_names()[str(told["roleDefinitionId"]).rpartition("/")[2]]
    kind, name = it.scope.split("/")[:-1], it.scope.rpartition("/")[2]
    plural = [each for each in kind if each[0].islower() and each in KINDS]
    return f"{role} on {KINDS[plural[-1]]} {name}: {told['description']}"


def role_names() -> dict[str, str]:
    """What the templates call each role, by its id."""
    roles = values.file_values("access.bicep", "roles")
    return {identity: name for name, identity in roles.items()}


def _settings(found: Iterable[Made]) -> Iterator[str]:
    yield from ("", "Settings of the app")
    for it in found:
        for pair in it.body["properties"]["siteConfig"]["appSettings"]:
            yield f"  {pair['name']} = {pair['value']}"


def main(words: list[str]) -> int:
    """Print the lists, or write them."""
    for name in SETS:
        text = listed(name)
        if words == ["write"]:
            written(name).write_text(text, encoding="utf-8")
        else:
            sys.stdout.write(f"{text}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
