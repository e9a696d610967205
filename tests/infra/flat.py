"""A set of answers as flat Bicep, for checkov: literal values, no parameters, no types.

Its reader of Bicep knows no user-defined types, imports or lambdas, and leaves out
a whole file where it meets one; and a value behind an expression is no value to it.
So it is given what each set comes to: each file of `infra` with the resources it makes,
their values written out, and the comments that stand in and above them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import sets, template
from .values import Made

SKIP = re.compile(r"checkov:skip=(?P<check>CKV\w+): *(?P<reason>.*)", re.DOTALL)
LONGEST = 200


def write(name: str, folder: Path) -> int:
    """Write a set into a folder, file by file; the number of its resources."""
    files: defaultdict[str, list[str]] = defaultdict(list)
    found = sets.made(name)
    for made in found:
        texts = files[made.resource.file]
        texts.append(_resource(made, f"{made.resource.symbol}_{len(texts)}"))
    folder.mkdir()
    for file, texts in files.items():
        (folder / file).write_text("\n".join(texts), encoding="utf-8")
    return len(found)


def skips(resource: template.Resource) -> dict[str, str]:
    """The checks that a resource's comments switch off, with their reasons."""
    matches = [SKIP.fullmatch(each) for each in remarks(resource)]
    return {it["check"]: it["reason"] for it in matches if it}


def remarks(resource: template.Resource) -> list[str]:
    """The comments in a resource, those of resources in it aside."""
    file = template.read(template.INFRA / resource.file)
    children = [it for it in file.resources.values() if it.parent == resource.symbol]
    inside = set(range(resource.line, resource.end + 1))
    inside -= {line for it in children for line in range(it.line, it.end + 1)}
    return [text for line, text in file.comments if line in inside]


def _resource(made: Made, symbol: str) -> str:
    resource = made.resource
    head = f"resource {symbol} '{resource.type}@{resource.api_version}' = "
    skipped = [f"  // checkov:skip={it}: {why}" for it, why in skips(resource).items()]
    body = _value(made.body | {"name": made.name}, 1)
    return head + "\n".join(["{", *skipped, body.removeprefix("{\n")]) + "\n"


def _value(value: Any, depth: int) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    blank = "  " * depth
    if isinstance(value, Mapping):
        lines = [f"{_key(k)}: {_value(v, depth + 1)}" for k, v in value.items()]
        signs = "{}"
    else:
        lines = [_value(each, depth + 1) for each in value]
        signs = "[]"
    inner = "".join(f"{blank}{line}\n" for line in lines)
    return f"{signs[0]}\n{inner}{blank[2:]}{signs[1]}" if lines else signs


def _key(key: str) -> str:
    """As checkov reads it: a quoted one is another one to it."""
    return key if re.fullmatch(r"[A-Za-z_]\w*", key) else _text(key)


def _text(value: str) -> str:
    """A text that every reader takes; no check looks at a long one."""
    plain = re.sub(r"[^\w.,:;/@=*+() &?%#-]", "_", value)[:LONGEST]
    return f"'{plain}'"
