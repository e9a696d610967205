"""A longer line to storage: everything comes later, nothing is held back.

`python -m tests.bench.edge_delay PORT SECONDS`: prints a port that leads to PORT, with
so many seconds each way; runs until standard input ends.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque

HELD_BYTES = 32 << 20
"""On their way in one direction of a connection: more than anybody sends in a trip."""


class Way(asyncio.Protocol):
    """What one end says, and the other hears later."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._queue: deque[tuple[float, bytes]] = deque()
        self._held = 0
        self._is_stuffed = self._is_over = self._is_timed = False
        self._loop = asyncio.get_running_loop()
        self.own: asyncio.Transport | None = None
        self.other: Way | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to hear."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(transport)
        self.own = transport

    def data_received(self, data: bytes) -> None:
        """Keep it until its time."""
        self._queue.append((self._loop.time() + self._seconds, data))
        self._held += len(data)
        self._hold()
        self._set_timer()

    def eof_received(self) -> bool:
        """The end takes as long as everything."""
        self._queue.append((self._loop.time() + self._seconds, b""))
        self._set_timer()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's)
        """The other end learns of it later."""
        self._is_over = True
        self._queue.append((self._loop.time() + self._seconds, b""))
        self._set_timer()

    def pause_writing(self) -> None:
        """Whoever hears us does not keep up: say no more."""
        if self.other:
            self.other.stuffed(is_stuffed=True)

    def resume_writing(self) -> None:
        """It does again."""
        if self.other:
            self.other.stuffed(is_stuffed=False)

    def stuffed(self, *, is_stuffed: bool) -> None:
        """The far end takes nothing, or takes again."""
        self._is_stuffed = is_stuffed
        self._hold()
        self._set_timer()

    def _hold(self) -> None:
        if self.own is None or self._is_over:
            return
        if self._is_stuffed or self._held > HELD_BYTES:
            self.own.pause_reading()
        else:
            self.own.resume_reading()

    def joined(self) -> None:
        """There is another end now, which may have taken longer than the line."""
        self._set_timer()

    def _set_timer(self) -> None:
        is_free = self.other is not None and not self._is_stuffed
        if self._queue and not self._is_timed and is_free:
            self._is_timed = True
            self._loop.call_at(self._queue[0][0], self._say)

    def _say(self) -> None:
        self._is_timed = False
        far = self.other.own if self.other else None
        now = self._loop.time()
        while self._queue and self._queue[0][0] <= now and not self._is_stuffed:
            _, data = self._queue.popleft()
            self._held -= len(data)
            if far and data:
                far.write(data)
            elif far:
                far.close()
        self._hold()
        self._set_timer()


async def serve(port: int, seconds: float) -> None:
    """Lead every connection to the port until standard input ends."""
    loop = asyncio.get_running_loop()
    tasks = set()

    async def join(near: Way) -> None:
        _, far = await loop.create_connection(lambda: Way(seconds), "127.0.0.1", port)
        near.other, far.other = far, near
        near.joined()

    def accept() -> Way:
        near = Way(seconds)
        task = loop.create_task(join(near))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return near

    server = await loop.create_server(accept, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
