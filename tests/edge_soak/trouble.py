"""The agent under fire: killed, told to stop, and its line to storage cut.

In: an agent's site and its line. Each trouble is short; which comes when the seed says.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

from tests.edge.between import Between
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


@dataclass
class Trouble:
    """Makes it while inside; afterwards all is well."""

    edge: Edge
    between: Between
    dice: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)
        self._heal()
        self.edge.tend()

    def _run(self) -> None:
        names, weights = list(_WEIGHTS), list(_WEIGHTS.values())
        while not self._stop.wait(self.dice.uniform(0.0, PAUSE_SECONDS)):
            (name,) = self.dice.choices(names, weights)
            self.counts[name] += 1
            self._make(name)
            self.edge.tend()

    def _make(self, name: str) -> None:
        if name.startswith("kill"):
            self.edge.end(signal.SIGKILL)
            if name != "kill":
                self.edge.tend()
                time.sleep(self.dice.uniform(0.0, 0.8))
                self.edge.end(signal.SIGKILL)
        elif name == "stop":
            self.edge.end(signal.SIGTERM)
        else:
            self._disturb(name)
            self._stop.wait(self.dice.uniform(0.2, 2.5))
            self._heal()

    def _disturb(self, name: str) -> None:
        self.between.is_down = name == "outage"
        self.between.is_cutting = name == "cut lines"
        self.between.loses_answers = name == "lost answers"
        self.between.bytes_per_second = 200_000 if name == "slow line" else 0
        self.between.denies = 0.0 if name == "refused" else None

    def _heal(self) -> None:
        self._disturb("")
