"""`python -m tests.soak [--seconds 600] [--seed N] [--keep]`: run a crash campaign.

Prints the counts and a verdict. Exit status: 0 every promise was kept, 1 one was not.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.soak.campaign import Pace, run


def main() -> int:
    """Run it, and say what came of it."""
    words = _words()
    seed = words.seed if words.seed is not None else int(time.time())
    print(f"A crash campaign of {words.seconds:.0f} s, seed {seed} …", flush=True)
    outcome = run(
        Pace(seconds=words.seconds, seed=seed, rate=words.rate, keeps=words.keep)
    )
    for name, count in outcome.counts.items():
        print(f"{count:7}  {name}")
    print(f"Calm {outcome.seconds_to_calm:.1f} s after the trouble had ended.")
    for violation in outcome.violations:
        print(f"\nVIOLATION: {violation}")
    if outcome.violations:
        print(f"\nVerdict: {len(outcome.violations)} violations (seed {seed}).")
        return 1
    print(
        "Verdict: nothing lost, nothing doubled, nothing broken or misdirected, "
        "and no peer burdened with more than it takes."
    )
    return 0


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, help="repeats a schedule, as far as it can")
    parser.add_argument("--rate", type=float, default=3.0, help="scans per second")
    parser.add_argument("--keep", action="store_true", help="with AFTER_SEND=keep")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
