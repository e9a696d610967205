"""Something that goes on beside the campaign while a `with` block runs."""

from __future__ import annotations

import threading
from typing import Self

END_SECONDS = 60.0


class Background:
    """Runs `work` in a thread while inside; it ends when `stop` is set."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self.work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(END_SECONDS)

    def work(self) -> None:
        """Do it until `stop` is set."""
        raise NotImplementedError
