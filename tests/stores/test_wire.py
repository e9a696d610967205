"""The wire: what is asked again, and what is not."""

from __future__ import annotations

import base64
import socket
import threading

import pytest

from shared.stores import wire
from shared.stores.border import StorageError
from shared.stores.wire import BlobKey, Call, Wire

KEY = BlobKey("account", base64.b64encode(b"key").decode())


@pytest.mark.parametrize(("is_mute", "tries"), [(False, 4), (True, 1)])
def test_who_hangs_up_is_asked_again_and_who_says_nothing_is_not(
    monkeypatch, is_mute, tries
):
    """Four times a minute would be four minutes, and nobody would know why."""
    monkeypatch.setattr(wire, "READ_SECONDS", 0.3)
    monkeypatch.setattr(wire, "BACKOFF_SECONDS", 0.01)
    lines: list[socket.socket] = []
    over = threading.Event()

    def accept() -> None:
        while not over.is_set():
            try:
                line, _ = server.accept()
            except TimeoutError:
                continue
            lines.append(line)
            if not is_mute:
                line.recv(65_536)
                line.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        thread = threading.Thread(target=accept)
        thread.start()
        asking = Wire(f"http://127.0.0.1:{server.getsockname()[1]}", KEY)
        with pytest.raises(StorageError):
            asking.call("look at storage", Call("HEAD", "/scans/a"))
        over.set()
        thread.join()
    assert len(lines) == tries
    for each in lines:
        each.close()
