"""Measure everything and write docs/performance.md.

`python -m tests.bench [--quick] [--only WORD]`: about twelve minutes on two cores. With
either it writes nothing. Exit status 1 where a figure is not reached.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import edge, figures
from tests.bench.figures import Figure
from tests.bench.stage import ROOT, Stage

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured -->\n", "<!-- end -->\n"


def main() -> int:
    """Run the figures one after the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="part of a figure function's name")
    words = parser.parse_args()
    count, rounds = (200, 1) if words.quick else (500, 5)
    steps: list[Callable[[Stage], list[Figure]]] = [
        figures.transactions,
        figures.memory,
        figures.sixteen,
        figures.rates,
        lambda stage: figures.flow(stage, count, rounds),
        lambda _: figures.cold_start(),
        figures.single,
        lambda _: edge.throughput(rounds),
        edge.latency,
        edge.idle,
        edge.weight,
    ]
    names = ["transactions", "memory", "sixteen", "rates", "flow", "cold", "single"]
    names += ["edge-throughput", "edge-latency", "edge-idle", "edge-weight"]
    found: list[Figure] = []
    for name, step in zip(names, steps, strict=True):
        if words.only in name:
            with Stage(is_counted=name == "transactions") as stage:
                for figure in step(stage):
                    found.append(figure)
                    print(_line(figure), flush=True)
    if not words.quick and not words.only:
        _write(found)
    return 0 if all(figure.is_met is not False for figure in found) else 1


def _line(figure: Figure) -> str:
    mark = {True: "reached", False: "NOT REACHED", None: "stated"}[figure.is_met]
    return (
        f"{figure.name}: {figure.got} (wanted {figure.wanted}: {mark}; {figure.note})"
    )


def _write(found: list[Figure]) -> None:
    """Put the table between the marks of the page."""
    lines = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d} on {_machine()}.",
        "",
        "| figure | to reach | measured | how |",
        "|---|---|---|---|",
    ]
    for figure in found:
        mark = " **not reached**" if figure.is_met is False else ""
        lines.append(
            f"| {figure.name} | {figure.wanted} | {figure.got}{mark} | {figure.note} |"
        )
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    PAGE.write_text(
        head + BEGIN + "\n" + "\n".join(lines) + "\n\n" + END + tail, encoding="utf-8"
    )


def _machine() -> str:
    info = Path("/proc/cpuinfo").read_text()
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in info.splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    cores = info.count("processor\t")
    python = platform.python_version()
    return f"{cores} cores of {model}, Python {python}, Azurite in memory"


if __name__ == "__main__":
    sys.exit(main())
