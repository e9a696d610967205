"""Plays `azd env set NAME VALUE`: keeps the value, as `.azure/ENV/.env` would."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

NAME = re.compile(r"[A-Z][A-Z0-9_]*")


def main(words: list[str]) -> int:
    """Keep one value; anything else is refused as cobra refuses it."""
    with Path(os.environ["FAKE_LOG"]).open("a") as log:
        log.write(json.dumps(["azd", *words]) + "\n")
    if words[:2] != ["env", "set"] or len(words) != 4 or not NAME.fullmatch(words[2]):
        sys.stderr.write(f'ERROR: unknown command "{" ".join(words)}"\n')
        return 1
    state = Path(os.environ["FAKE_STATE"])
    known = json.loads(state.read_text())
    known.setdefault("env", {})[words[2]] = words[3]
    state.write_text(json.dumps(known))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
