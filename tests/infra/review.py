"""Runs checkov's Bicep framework over a folder; for checkov's own environment.

In: the folder. Out: JSON on stdout. Its command asks the network for guidelines and
versions, at ten seconds a time; the runner itself asks nobody.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any


def main(folder: str) -> None:
    """Review it."""
    # These give the Bicep runner half of its checks; the command imports them too.
    importlib.import_module("checkov.arm.runner")
    runner = importlib.import_module("checkov.bicep.runner").Runner()
    chosen = importlib.import_module("checkov.runner_filter").RunnerFilter
    report = runner.run(root_folder=folder, runner_filter=chosen(framework=["bicep"]))
    told = {
        "passed": [_line(each) for each in report.passed_checks],
        "failed": [_line(each) for each in report.failed_checks],
        "skipped": [_line(each) for each in report.skipped_checks],
        "unread": report.parsing_errors,
        "read": sum(len(it.get("resources", {})) for it in runner.definitions.values()),
    }
    json.dump(told, sys.stdout)


def _line(record: Any) -> str:
    where = record.file_path.lstrip("/")
    return f"{where} {record.resource} {record.check_id} {record.check_name}"


if __name__ == "__main__":
    main(sys.argv[1])
