"""The host: everything an app's triggers need, started and drained together.

In: the app's folder and the settings. Raises `AppError` before anything has started.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local.host.config import AppError, QueueOptions, is_disabled, read_options, resolve
from local.host.connections import QueueService, queue_service
from local.host.front import Front
from local.host.listener import POISON, Listener, Post
from local.host.timer import Timer
from local.host.worker import Function, Worker
from local.web import WebServer


class Host:
    """One app, served until it is stopped."""

    def __init__(
        self, folder: Path, environ: Mapping[str, str], lease_seconds: int, key: str
    ) -> None:
        """Load the app and resolve its bindings. Raises AppError."""
        options = read_options(folder, environ)
        self._environ = environ
        self._lease_seconds = lease_seconds
        self._services: dict[str, QueueService] = {}
        self._server: WebServer | None = None
        self._worker = Worker(folder)
        on = [f for f in self._worker.functions if not is_disabled(f.name, environ)]
        self._front = Front(self._worker, on, options.route_prefix, key)
        queues = [each for each in on if each.kind == "queueTrigger"]
        self._listeners = [self._listener(each, options.queues) for each in queues]
        app = "/".join(sorted(each.client.url for each in self._services.values()))
        self._timers = [
            Timer(self._worker, each, environ, app or str(folder))
            for each in on
            if each.kind == "timerTrigger"
        ]

    def _listener(self, function: Function, options: QueueOptions) -> Listener:
        name = resolve(str(function.trigger["queueName"]), self._environ)
        connection = str(function.trigger.get("connection") or "Storage")
        if connection not in self._services:
            try:
                service = queue_service(connection, self._environ)
            except ValueError as exc:
                raise AppError(f"{connection}: {exc}") from exc
            self._services[connection] = service
        service = self._services[connection]
        is_poison = name.endswith(POISON)
        post = Post(
            service.queue(name),
            None if is_poison else service.queue(name + POISON),
            options,
            self._lease_seconds,
        )
        return Listener(self._worker, function, post)

    def start(self, port: int) -> str:
        """Serve from now on; returns the address of its HTTP side. Raises OSError."""
        self._server = self._front.server(port).start()
        for listener in self._listeners:
            listener.start()
        for timer in self._timers:
            timer.start()
        return self._server.url

    def stop(self) -> None:
        """Take nothing more, and wait for what runs."""
        for timer in self._timers:
            timer.stop()
        for listener in self._listeners:
            listener.stop()
        if self._server:
            self._server.stop()
