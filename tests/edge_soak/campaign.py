"""The campaign from beginning to end: printers, trouble, calm, judgement."""

from __future__ import annotations

import io
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError
from azure.storage.blob import ContainerClient
from PIL import Image

from local.azurite import Azurite
from tests.edge.between import Between
from tests.edge_soak.background import Background
from tests.edge_soak.judge import Mailed, judge
from tests.edge_soak.printers import Printers, mark_of
from tests.edge_soak.site import Edge
from tests.edge_soak.trouble import Trouble

CALM_SECONDS = 600.0
_CALM_LOOKS = 5
_STEP = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many, how fast, and with what luck."""

    files: int
    seed: int
    rate: float = 40.0
    """Files a second, at most."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    counts: Mapping[str, int]
    seconds: float
    calm: float
    violations: list[str]
    log: str
    """What the agents said."""


class Core(Background):
    """Mails and removes each blob, sooner or later; a context manager."""

    def __init__(self, container: ContainerClient, dice: random.Random) -> None:
        super().__init__()
        self.mails: list[Mailed] = []
        self._container = container
        self._dice = dice

    def work(self) -> None:
        """Take what is there, again and again."""
        while not self.stop.wait(self._dice.uniform(0.0, 0.3)):
            try:
                names = list(self._container.list_blob_names())
            except AzureError:
                continue
            for name in names:
                # Some lie there a little longer: their names are taken.
                if self._dice.random() < 0.8:
                    self._mail(name)

    def _mail(self, name: str) -> None:
        found = self._container.download_blob(name)
        data, metadata = found.readall(), found.properties.metadata
        self._container.delete_blob(name)
        self.mails.append(Mailed(name, data, metadata.get("to", "")))


def run(pace: Pace) -> Outcome:
    """Run a campaign and judge it."""
    begun = time.monotonic()
    with ExitStack() as stack:
        enter = stack.enter_context
        folder = Path(enter(tempfile.TemporaryDirectory()))
        azurite = enter(Azurite(folder / "azurite", is_logged=False))
        azurite.provision()
        port = urlsplit(azurite.endpoint("blob")).port or 0
        between = enter(Between(port, _dice(pace, "line")))
        text = azurite.connection_string.replace(f":{port}/", f":{between.port}/")
        edge = Edge(folder, text)
        stack.callback(edge.end, signal.SIGTERM)
        scans = azurite.blobs().get_container_client("scans")
        core = enter(Core(scans, _dice(pace, "core")))
        printers = Printers(folder, _dice(pace, "printers"), page)
        edge.tend()
        with Trouble(edge, between, _dice(pace, "trouble")) as trouble:
            for number in range(pace.files):
                printers.write(number)
                _keep_pace(begun, number, pace.rate)
        end = time.monotonic()
        _calm(edge, scans)
        calm = time.monotonic() - end
        left = [f"left: {each.relative_to(folder)}" for each in edge.left()]
        log = edge.log.read_text(errors="replace")
    faults = [line for line in log.splitlines() if "event=edge_failed" in line]
    counts = trouble.counts + edge.counts
    counts += _counts(printers, core, between, log)
    counts["troubles"] = trouble.counts.total()
    ended = edge.counts["agents that ended by themselves"]
    violations = [*judge(printers.scans, core.mails), *left, *faults]
    violations += [f"ended: {ended} agents by themselves"] if ended else []
    return Outcome(counts, time.monotonic() - begun, calm, violations, log)


def page(number: int) -> bytes:
    """A small JPEG that carries a number in a comment."""
    made = io.BytesIO()
    Image.new("L", (64, 64), number % 256).save(made, "JPEG", comment=mark_of(number))
    return made.getvalue()


def _keep_pace(begun: float, number: int, rate: float) -> None:
    ahead = begun + number / rate - time.monotonic()
    if ahead > 0:
        time.sleep(ahead)


def _calm(edge: Edge, scans: ContainerClient) -> None:
    """Wait until nothing is left to do, or for so long."""
    end = time.monotonic() + CALM_SECONDS
    looks = 0
    while looks < _CALM_LOOKS and time.monotonic() < end:
        edge.tend()
        is_over = not edge.left() and not list(scans.list_blob_names())
        looks = looks + 1 if is_over else 0
        time.sleep(_STEP)


def _counts(printers: Printers, core: Core, between: Between, log: str) -> Counter[str]:
    kinds = Counter(f"scans of {each.device}" for each in printers.scans)
    renamed = sum(" (2)" in mail.name or " (3)" in mail.name for mail in core.mails)
    return kinds + Counter(
        {
            "scans written": len(printers.scans),
            "mailed": len(core.mails),
            "mailed by another name": renamed,
            "lines cut": between.cuts,
            "tries that found storage away": log.count("event=edge_storage_away"),
            "files given back": log.count("event=edge_changed "),
            "problems": log.count("event=edge_problem "),
        }
    )


def _dice(pace: Pace, name: str) -> random.Random:
    return random.Random(f"{pace.seed}/{name}")  # noqa: S311 (no secret)
