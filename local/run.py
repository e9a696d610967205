"""`make run`: three scans travel to their mailboxes; then whatever lies in `./drop`.

In: a port for the page, or none. Out: progress, a table, an exit status: 0 when all
three arrived (or Ctrl-C ended it), 1 when not. Raises `CannotStartError`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from azure.core.exceptions import AzureError

from local.azurite import ACCOUNT, CannotStartError
from local.drop import Drop
from local.functions import Functions
from local.inbox import Mail
from local.peers import Peers
from local.samples import DEVICE, Sample, samples
from local.serving import serve_page
from shared.model import Place
from shared.row import scan_id_of

PATIENCE_SECONDS = 60.0
STEP_SECONDS = 0.1
UNFINISHED = frozenset({"", "sending", "waiting"})
LOG, DROP = "functions.log", "drop"


@dataclass(slots=True)
class Journey:
    """A sample on its way."""

    sample: Sample
    scan_id: str
    begun: float
    """Seconds of the epoch, as mails are stamped."""
    mails: tuple[Mail, ...] = ()
    state: str = ""
    """The ledger's word; empty while it has none."""
    told: list[str] = field(default_factory=list)

    @property
    def missing(self) -> frozenset[str]:
        """Recipients who have not got the very bytes."""
        got = {
            who
            for mail in self.mails
            for who in mail.recipients
            if any(each.content == self.sample.content for each in mail.attachments)
        }
        return self.sample.recipients - got


def run(folder: Path, port: int | None, *, once: bool) -> int:
    """Do it; `once` ends it after the three."""
    begun = time.monotonic()
    made = samples()
    with ExitStack() as stack:
        peers = Peers(folder)
        page = serve_page(stack, peers, port)
        print("Starting Azurite, mail server, Entra, ACS, Event Grid …", flush=True)
        stack.enter_context(peers)
        print("Starting the functions in the worker library …", flush=True)
        functions = stack.enter_context(Functions(peers.settings, folder / LOG))
        print(f"Ready after {time.monotonic() - begun:.1f} s.\n", flush=True)
        journeys = [_send(peers, sample) for sample in made]
        _follow(peers, functions, journeys)
        print("\n" + "\n".join(_table(journeys)))
        late = [each for each in journeys if each.missing]
        for each in late:
            print(_why(peers, functions, each, folder / LOG))
        if once:
            return 1 if late else 0
        drop = folder.parent / DROP
        print(f"\nEvery mail, with its story: {page}")
        _print_doors(functions, drop)
        _forward(peers, functions, drop)
    return 0


def _send(peers: Peers, sample: Sample) -> Journey:
    blob = peers.azurite.blobs().get_blob_client("scans", sample.path)
    begun = time.time()
    done = blob.upload_blob(
        sample.content, overwrite=True, metadata=dict(sample.metadata)
    )
    place = Place("scans", sample.path, done["etag"].strip('"'))
    journey = Journey(sample, scan_id_of(ACCOUNT, place, done["last_modified"]), begun)
    _tell(journey, f"put into container scans ({sample.what})")
    return journey


def _follow(peers: Peers, functions: Functions, journeys: list[Journey]) -> None:
    """Say what happens until all have arrived, or patience ends."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and functions.is_running:
        for journey in journeys:
            journey.mails = peers.inbox.of_scan(journey.scan_id)
            for news in _news(peers, journey):
                _tell(journey, news)
        if all(each.state not in UNFINISHED for each in journeys):
            return
        time.sleep(STEP_SECONDS)


def _news(peers: Peers, journey: Journey) -> Iterator[str]:
    for mail in journey.mails:
        news = f"arrived at {', '.join(mail.recipients)} by {mail.transport}"
        if news not in journey.told:
            yield news
    story = peers.history.find(journey.scan_id)
    if story:
        journey.state = story.state
        news = story.headline.removeprefix("The scan ").rstrip(".")
        if news not in journey.told:
            yield news


def _tell(journey: Journey, news: str) -> None:
    journey.told.append(news)
    name = journey.sample.path.rpartition("/")[2]
    print(f"{time.time() - journey.begun:6.2f} s  {name:30} {news}", flush=True)


def _table(journeys: list[Journey]) -> Iterator[str]:
    """What arrived, at whom, by what, after how long."""
    yield f"{'scan':30} {'to':20} {'by':4} {'at':9} after"
    for journey in journeys:
        name = journey.sample.path.rpartition("/")[2]
        for mail in journey.mails:
            at = time.strftime("%H:%M:%S", time.localtime(mail.time))
            for who in mail.recipients:
                after = f"{mail.time - journey.begun:.2f} s"
                yield f"{name:30} {who:20} {mail.transport:4} {at:9} {after}"
        for who in sorted(journey.missing):
            yield f"{name:30} {who:20} did not arrive"


def _why(peers: Peers, functions: Functions, journey: Journey, log: Path) -> str:
    """Say what is known of a scan that did not arrive."""
    story = peers.history.find(journey.scan_id)
    who = f"{journey.sample.path} did not reach {', '.join(sorted(journey.missing))}:"
    if not functions.is_running:
        return f"{who} the functions ended: {functions.last_words}"
    if story is None:
        return f"{who} the ledger has no row of it; see {os.path.relpath(log)}"
    reason = story.columns.get("reason") or "no reason"
    return f"{who} it is {story.state} ({reason}): {story.error or story.headline}"


def _print_doors(functions: Functions, folder: Path) -> None:
    print(
        f"Health: {functions.address}/api/health\n"
        f"Details: {functions.address}/api/health_detail?code={functions.key}\n"
        f"Put files into ./{os.path.relpath(folder)}/{DEVICE}/ to send them. "
        "Ctrl-C ends it.\n",
        flush=True,
    )


def _forward(peers: Peers, functions: Functions, folder: Path) -> None:
    """Send what is dropped, and say what arrives, until Ctrl-C."""
    (folder / DEVICE).mkdir(parents=True, exist_ok=True)
    scans = peers.azurite.blobs().get_container_client("scans")

    def upload(name: str, path: Path) -> None:
        with path.open("rb") as file:
            scans.get_blob_client(name).upload_blob(file, overwrite=True)

    drop = Drop(folder, upload)
    seen = {mail.number for mail in peers.inbox.mails()}
    while functions.is_running:
        try:
            for name in drop.look():
                print(
                    f"{time.strftime('%H:%M:%S')}  {name}: put into scans", flush=True
                )
        except (AzureError, OSError) as exc:
            print(f"{time.strftime('%H:%M:%S')}  not uploaded: {exc}", flush=True)
        for mail in peers.inbox.mails():
            if mail.number not in seen:
                seen.add(mail.number)
                _announce(mail)
        time.sleep(2 * STEP_SECONDS)
    raise CannotStartError(f"The functions ended: {functions.last_words}")


def _announce(mail: Mail) -> None:
    who, at = ", ".join(mail.recipients), time.strftime("%H:%M:%S")
    subject = mail.header("Subject")
    print(f"{at}  {subject!r} arrived at {who} by {mail.transport}", flush=True)
