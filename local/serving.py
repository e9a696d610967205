"""`make peers`, and the page that it shares with `make run`.

In: a port, or none. Out: the page's address; the settings as shell exports, and for the
Functions Core Tools. Raises `CannotStartError` where the port is taken.
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from local.azurite import CannotStartError
from local.page import Page
from local.peers import Peers
from local.web import WebServer

PORT = 8025
TOOLS = "local.settings.json"
OURS = "made by make peers"


def serve_page(stack: ExitStack, peers: Peers, port: int | None) -> str:
    """Serve the inbox page while `stack` is open; returns its address.

    Without a port it takes the usual one, or a free one where that is taken.
    """
    page = Page(peers.inbox, peers.history)
    try:
        server = _bind(page, port or PORT)
    except CannotStartError:
        if port:
            raise
        server = page.server(0)
    stack.enter_context(server)
    return server.url.replace("127.0.0.1", "localhost")


def _bind(page: Page, port: int) -> WebServer:
    try:
        return page.server(port)
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            raise CannotStartError(
                f"Port {port} is in use: choose another, such as PORT={port + 1}, "
                "or leave PORT out."
            ) from exc
        raise CannotStartError(f"Port {port} cannot be had: {exc.strerror}.") from exc


def peers(folder: Path, port: int | None) -> int:
    """Run the peers alone, until Ctrl-C."""
    with ExitStack() as stack:
        all_of_them = Peers(folder)
        page = serve_page(stack, all_of_them, port)
        stack.enter_context(all_of_them)
        settings = all_of_them.settings
        exports = "".join(
            f"export {name}={shlex.quote(value)}\n"
            for name, value in settings.items()
            # Not all names of settings are names of the shell's.
            if name.isidentifier()
        )
        file = folder / "peers.env"
        file.write_text(exports)
        print(exports, flush=True)
        tools = _tools(folder.parent / TOOLS, settings)
        words = (
            f"These settings are in {os.path.relpath(file)} too. {tools}",
            f"Every mail: {page}",
            "Ctrl-C ends the peers.",
        )
        print("\n".join(words), file=sys.stderr, flush=True)
        signal.pause()
    return 0


def _tools(file: Path, settings: Mapping[str, str]) -> str:
    """Write local.settings.json for `func start`; one that is not ours stays."""
    if file.exists() and OURS not in file.read_text():
        return f"{file.name} is yours and was left alone."
    values = {"FUNCTIONS_WORKER_RUNTIME": "python", **settings}
    whole = {"IsEncrypted": False, "Values": values, "Comment": OURS}
    file.write_text(json.dumps(whole, indent=2) + "\n")
    return f"{file.name} is written for `func start`."
