"""`python -m tests.edge_soak [--files 10000] [--seed N]`: run the edge's campaign.

Prints the counts and a verdict. Exit status: 0 every promise was kept, 1 one was not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.edge_soak.campaign import Pace, run


def main() -> int:
    """Run it, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.edge_soak")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=40.0, help="files a second")
    parser.add_argument("--seed", type=int, help="repeats a schedule, as far as it can")
    words = parser.parse_args()
    seed = words.seed if words.seed is not None else int(time.time())
    print(f"{words.files} files through an edge agent, seed {seed} …", flush=True)
    outcome = run(Pace(files=words.files, seed=seed, rate=words.rate))
    for name, count in sorted(outcome.counts.items()):
        print(f"{count:7}  {name}")
    print(
        f"Took {outcome.seconds:.0f} s, {outcome.calm:.0f} s of them after the trouble."
    )
    for each in outcome.violations[:50]:
        print(f"\nVIOLATION: {each}")
    if outcome.violations:
        file = Path(tempfile.gettempdir()) / f"edge-soak-{seed}.log"
        file.write_text(outcome.log)
        print(f"\nThe agents' log: {file}")
        print(f"Verdict: {len(outcome.violations)} violations (seed {seed}).")
        return 1
    print("Verdict: none lost, none twice, none torn, none to somebody else.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
