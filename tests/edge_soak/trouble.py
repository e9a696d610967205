"""The agent under fire: killed, told to stop, and its line to storage cut.

In: an agent's site and its line. Each trouble is short; which comes when the seed says.
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter

from tests.edge.between import Between
from tests.edge_soak.background import Background
from tests.edge_soak.site import Edge

PAUSE_SECONDS = 1.5
_WEIGHTS = {
    "kill": 8,
    "kill at once again": 2,
    "stop": 1,
    "outage": 2,
    "cut lines": 4,
    "lost answers": 3,
    "slow line": 1,
    "refused": 1,
}


class Trouble(Background):
    """Makes it while inside; afterwards all is well."""

    def __init__(self, edge: Edge, between: Between, dice: random.Random) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self._edge = edge
        self._between = between
        self._dice = dice

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._heal()
        self._edge.tend()

    def work(self) -> None:
        """Make one trouble after the other."""
        names, weights = list(_WEIGHTS), list(_WEIGHTS.values())
        while not self.stop.wait(self._dice.uniform(0.0, PAUSE_SECONDS)):
            (name,) = self._dice.choices(names, weights)
            self.counts[name] += 1
            self._make(name)
            self._edge.tend()

    def _make(self, name: str) -> None:
        if name.startswith("kill"):
            self._edge.end(signal.SIGKILL)
            if name != "kill":
                self._edge.tend()
                time.sleep(self._dice.uniform(0.0, 0.8))
                self._edge.end(signal.SIGKILL)
        elif name == "stop":
            self._edge.end(signal.SIGTERM)
        else:
            self._disturb(name)
            self.stop.wait(self._dice.uniform(0.2, 2.5))
            self._heal()

    def _disturb(self, name: str) -> None:
        self._between.is_down = name == "outage"
        self._between.is_cutting = name == "cut lines"
        self._between.loses_answers = name == "lost answers"
        self._between.bytes_per_second = 200_000 if name == "slow line" else 0
        self._between.denies = 0.0 if name == "refused" else None

    def _heal(self) -> None:
        self._disturb("")
