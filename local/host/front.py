"""The host's HTTP side: routes to functions, their keys, and calls by hand.

In: requests on loopback. Out: what the functions answer. As in Azure a function of
level `function` wants the key, as `x-functions-key` or `code`; so does `/admin/`.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from local.host.messages import PROTOS, binary, json_text, unwrapped
from local.host.worker import CallFailedError, Function, Worker
from local.web import Request, Response, WebServer

LOGGER = logging.getLogger("host.http")
ADMIN = "/admin/functions/"
_PART = re.compile(r"\{(\*?)(\w+)(?::[^?}]*)?(\??)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a function answers."""

    function: Function
    pattern: re.Pattern[str]
    methods: frozenset[str]
    """Upper case; empty: all."""

    @property
    def is_open(self) -> bool:
        """Whether anybody may call it."""
        level = str(self.function.trigger.get("authLevel", "function"))
        return level.lower() == "anonymous"


def route_of(function: Function, prefix: str) -> Route:
    """Read a function's route: `{name}`, `{name?}` and `{*rest}` are parameters."""
    said = str(function.trigger.get("route") or function.name).strip("/")
    pattern = "/" + re.escape(prefix) if prefix else ""
    for segment in said.split("/"):
        pattern += _segment(segment)
    methods = function.trigger.get("methods") or ()
    return Route(
        function,
        re.compile(pattern + "/?", re.IGNORECASE),
        frozenset(str(each).upper() for each in methods),
    )


def _segment(text: str) -> str:
    found = _PART.fullmatch(text)
    if not found:
        return "/" + re.escape(text)
    rest, name, optional = found.groups()
    part = f"/(?P<{name}>{'.*' if rest else '[^/]+'})"
    return f"(?:{part})?" if rest or optional else part


class Front:
    """Serves HTTP triggers and `/admin/functions/NAME`."""

    def __init__(
        self, worker: Worker, functions: Iterable[Function], prefix: str, key: str
    ) -> None:
        self._worker = worker
        self._key = key
        self._by_name = {each.name: each for each in functions}
        self._routes = [
            route_of(each, prefix)
            for each in self._by_name.values()
            if each.kind == "httpTrigger"
        ]

    def server(self, port: int) -> WebServer:
        """Bind the port; 0 takes a free one."""
        return WebServer(self._answer, port=port)

    def _answer(self, request: Request) -> Response:
        if request.path.startswith(ADMIN) and request.method == "POST":
            return self._by_hand(request)
        fitting = [
            (route, found)
            for route in self._routes
            if (found := route.pattern.fullmatch(request.path))
        ]
        for route, found in fitting:
            if not route.methods or request.method in route.methods:
                if not route.is_open and not self._has_key(request):
                    return Response(HTTPStatus.UNAUTHORIZED)
                return self._call(route.function, request, found.groupdict(""))
        return Response(
            HTTPStatus.METHOD_NOT_ALLOWED if fitting else HTTPStatus.NOT_FOUND
        )

    def _has_key(self, request: Request) -> bool:
        given = request.headers.get("x-functions-key") or request.query.get("code", "")
        return hmac.compare_digest(given.encode(), self._key.encode())

    def _call(
        self, function: Function, request: Request, params: dict[str, str]
    ) -> Response:
        asked = PROTOS.RpcHttp(
            method=request.method,
            url=f"http://{request.headers.get('host', '127.0.0.1')}{request.target}",
            headers=dict(request.headers),
            params=params,
            query=dict(request.query),
            body=binary(request.body),
        )
        try:
            found = self._worker.call(function, PROTOS.TypedData(http=asked))
        except CallFailedError as exc:
            LOGGER.error("%s failed: %s", function.name, exc)  # noqa: TRY400
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR)
        answer = found.http if found else None
        if answer is None:
            return Response(HTTPStatus.NO_CONTENT)
        return Response(
            int(answer.status_code), unwrapped(answer.body), dict(answer.headers)
        )

    def _by_hand(self, request: Request) -> Response:
        """Start a function that has no request of its own; does not wait for it."""
        if not self._has_key(request):
            return Response(HTTPStatus.UNAUTHORIZED)
        function = self._by_name.get(request.path.removeprefix(ADMIN))
        if function is None or function.kind == "httpTrigger":
            return Response(HTTPStatus.NOT_FOUND)
        try:
            given = json.loads(request.body or b"{}").get("input") or ""
        except (ValueError, AttributeError):
            return Response(HTTPStatus.BAD_REQUEST)
        if function.kind == "timerTrigger":
            data: Any = json_text(json.dumps({"IsPastDue": False}))
        else:
            data = function.payload(str(given).encode())
        threading.Thread(target=self._start, args=(function, data)).start()
        return Response(HTTPStatus.ACCEPTED)

    def _start(self, function: Function, data: Any) -> None:
        try:
            self._worker.call(function, data)
        except CallFailedError as exc:
            LOGGER.error("%s failed: %s", function.name, exc)  # noqa: TRY400
