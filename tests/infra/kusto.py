"""Asks Microsoft's grammar of KQL (kusto.js) what is wrong with a query.

In: queries by name. Out: faults and columns by name. Raises CalledProcessError.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.azurite import node

PROGRAM = Path(__file__).with_name("kusto.js")
APP_TRACES = (
    "(TimeGenerated: datetime, Message: string, SeverityLevel: int, "
    "Properties: dynamic, Measurements: dynamic, OperationName: string, "
    "OperationId: string, ParentId: string, AppRoleName: string, "
    "AppRoleInstance: string, Type: string, _ResourceId: string, _BilledSize: real)"
)
"""Azure Monitor Logs reference, "AppTraces"; what we might use of it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the grammar says."""

    faults: list[str]
    columns: Mapping[str, str]
    """Of the result, with their types."""


def verdicts(queries: Mapping[str, str]) -> Mapping[str, Verdict]:
    """Ask once for all of them: it takes a second to load."""
    asked = {"tables": {"AppTraces": APP_TRACES}, "queries": dict(queries)}
    done = subprocess.run(  # noqa: S603 (our own program)
        [node(), str(PROGRAM)],
        input=json.dumps(asked),
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    told = json.loads(done.stdout)
    return {name: Verdict(**each) for name, each in told.items()}
