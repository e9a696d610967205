"""A real browser: Debian's chromium, headless, driven by its own debugging protocol.

The protocol (Chrome DevTools Protocol) is spoken over a pair of pipes: no port, no
driver. Raises `BrowserError` for what the browser refuses, and where it says nothing.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

PROGRAM = shutil.which("chromium")
NEEDED = "needs Debian's chromium: run tests/setup.sh as root"
SECONDS = 30.0
# The browser reads file descriptor 3 and writes 4, whatever ours are called.
_LAUNCHER = """
import os, sys
os.dup2(int(sys.argv[1]), 20), os.dup2(int(sys.argv[2]), 21)
os.dup2(20, 3), os.dup2(21, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_WORDS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-pipe"),
)


class BrowserError(Exception):
    """The browser refused, or did not answer."""


class Browser:
    """One window; a context manager."""

    def __init__(self, width: int = 1200, height: int = 900) -> None:
        self._size = f"--window-size={width},{height}"
        self._stack = ExitStack()
        self._number = 0
        self._session = ""
        self._rest = b""
        self.said: list[str] = []
        """What the pages wrote to the console, and what they raised."""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        later = self._stack.callback
        # Its helpers outlive the browser by a moment, and may write there still.
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        profile = self._stack.enter_context(folder)
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        later(os.close, self._in)
        words = [sys.executable, "-c", _LAUNCHER, str(theirs_in), str(theirs_out)]
        words += [PROGRAM or "chromium", *_WORDS, self._size]
        process = subprocess.Popen(  # noqa: S603 (our own words)
            [*words, f"--user-data-dir={profile}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs_in, theirs_out),
        )
        later(process.wait)
        later(process.terminate)
        later(os.close, self._out)
        os.close(theirs_in)
        os.close(theirs_out)
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        found = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")

    def open(self, address: str) -> None:
        """Go to a page and wait until it is loaded."""
        self._ask("Page.navigate", url=address)
        self.wait(f"location.href === {json.dumps(address)}")
        self.wait("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Evaluate an expression in the page; waits where it is a promise."""
        said = self._ask(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in said:
            raise BrowserError(str(said["exceptionDetails"]))
        return said["result"].get("value")

    def sees(self, script: str, seconds: float = SECONDS) -> bool:
        """Whether an expression becomes true in the page, in time."""
        end = time.monotonic() + seconds
        while not self.run(script):
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def wait(self, script: str) -> None:
        """Wait until an expression is true in the page."""
        if not self.sees(script):
            raise BrowserError(f"never true: {script}")

    def screenshot(self, file: Path) -> None:
        """Save what is to be seen, as a PNG."""
        data = self._ask("Page.captureScreenshot", format="png")["data"]
        file.write_bytes(base64.b64decode(data))

    def _ask(self, method: str, **words: object) -> dict[str, Any]:
        self._number += 1
        asked: dict[str, object] = {"id": self._number, "method": method}
        asked |= {"params": words}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._out, json.dumps(asked).encode() + b"\0")
        while True:
            said = self._heard()
            if said.get("id") == self._number:
                break
            self._note(said)
        if "error" in said:
            raise BrowserError(f"{method}: {said['error']}")
        result: dict[str, Any] = said["result"]
        return result

    def _heard(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], SECONDS)
            piece = os.read(self._in, 1 << 16) if ready else b""
            if not piece:
                raise BrowserError("chromium says nothing")
            self._rest += piece
        text, _, self._rest = self._rest.partition(b"\0")
        heard: dict[str, Any] = json.loads(text)
        return heard

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") in {
            "Runtime.exceptionThrown",
            "Runtime.consoleAPICalled",
            "Log.entryAdded",
        }:
            self.said.append(json.dumps(event["params"]))
