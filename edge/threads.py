"""The agent's threads: one that ends by an exception nobody expected ends the agent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from shared import journal


@dataclass(slots=True)
class Threads:
    """All of them."""

    failure: BaseException | None = None
    failed: threading.Event = field(default_factory=threading.Event)
    _threads: dict[str, list[threading.Thread]] = field(default_factory=dict)

    def start(self, name: str, target: Callable[[], None], count: int = 1) -> None:
        """Start so many that do the same."""
        for _ in range(count):
            # A share that hangs, or a line that is dead, must not hold up our end: we
            # may be killed at any moment, so we may end at any moment.
            thread = threading.Thread(
                target=self._guarded, args=(name, target), name=name, daemon=True
            )
            self._threads.setdefault(name, []).append(thread)
            thread.start()

    def join(self, name: str, until: float) -> bool:
        """Wait for those of a name, until a moment of the monotonic clock."""
        for each in self._threads.get(name, []):
            each.join(max(until - time.monotonic(), 0.0))
        return not any(each.is_alive() for each in self._threads.get(name, []))

    def _guarded(self, name: str, target: Callable[[], None]) -> None:
        try:
            target()
        except BaseException as exc:  # noqa: BLE001 (whoever waits for us raises it)
            journal.LOGGER.exception("%s", journal.line("edge_failed", {"in": name}))
            self.failure = exc
            self.failed.set()
