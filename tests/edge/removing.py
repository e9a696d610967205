"""The core as an agent sees it: every blob is taken, and gone, sooner or later."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

from azure.core.exceptions import AzureError
from azure.storage.blob import ContainerClient


@dataclass
class Core:
    """Mails and removes what it finds; a context manager."""

    container: ContainerClient
    dice: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 (no secret)
    share: float = 0.5
    """Of what it finds each time: the rest lies there a little longer."""
    mailed: list[bytes] = field(default_factory=list)
    """What each mail carried, in order."""
    names: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        self.share = 1.0
        self._round()

    @property
    def counts(self) -> Counter[bytes]:
        """How often each was mailed."""
        return Counter(self.mailed)

    def _run(self) -> None:
        while not self._stop.wait(self.dice.uniform(0.0, 0.1)):
            self._round()

    def _round(self) -> None:
        try:
            found = list(self.container.list_blobs())
        except AzureError:
            return
        for each in found:
            if self.dice.random() < self.share:
                data = self.container.download_blob(each.name).readall()
                self.container.delete_blob(each.name)
                self.mailed.append(data)
                self.names.append(each.name)
                time.sleep(0)
