"""What `az` makes of `--query` and `--output`: as much of JMESPath as the hooks use.

`a.b`, `a[0]` and a list `[x.y, z]` at the end. Values of tsv are printed as azure-cli
2.91.0 was seen to print them: a list one element a line, null as `None`.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

_STEP = re.compile(r"\.?(?:(\w+)|\[(\d+)\]|\[(.+)\]$)")


def search(expression: str, value: Any) -> Any:
    """Find what a path leads to; None where it leads nowhere."""
    while expression:
        step = _STEP.match(expression)
        if step is None:
            raise ValueError(f"invalid jmespath_type value: {expression!r}")
        expression = expression[step.end() :]
        name, index, several = step.groups()
        if value is None:
            return None
        if name:
            value = value.get(name) if isinstance(value, dict) else None
        elif index:
            found = isinstance(value, list) and int(index) < len(value)
            value = value[int(index)] if found else None
        else:
            value = [search(each.strip(), value) for each in several.split(",")]
    return value


def show(answer: Any, given: dict[str, list[str]]) -> None:
    """Print an answer as the options ask."""
    form = given.get("--output", ["json"])[0]
    if "--query" in given:
        answer = search(given["--query"][0], answer)
    if form == "none" or answer is None:
        return
    if form == "tsv":
        for each in answer if isinstance(answer, list) else [answer]:
            sys.stdout.write(f"{each}\n")
        return
    sys.stdout.write(json.dumps(answer, indent=2, default=str) + "\n")
