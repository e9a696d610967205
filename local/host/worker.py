"""The worker library, driven as the host drives it: init, metadata, load, invocations.

In: a folder with `function_app.py`. Out: its functions, and what each call gave back.
Raises `AppError` where the library refuses the app, in the library's own words.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import uuid
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from azure_functions_runtime import handle_event  # type: ignore[import-untyped]
from azure_functions_runtime.utils.threadpool import (  # type: ignore[import-untyped]
    start_threadpool_executor,
)

from local.host.config import AppError
from local.host.messages import PROTOS, SUCCESS, binary, text

TRIGGERS = frozenset({"queueTrigger", "timerTrigger", "httpTrigger"})


class CallFailedError(Exception):
    """A function raised; the text is the exception's type and words."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function as the library described it."""

    name: str
    function_id: str
    trigger: Mapping[str, Any]
    """The trigger's binding, as function.json would hold it."""

    @property
    def kind(self) -> str:
        """`queueTrigger`, `timerTrigger` or `httpTrigger`."""
        return str(self.trigger["type"])

    @property
    def is_binary(self) -> bool:
        """Whether it asked for bytes."""
        return str(self.trigger.get("dataType", "")).upper() == "BINARY"

    def payload(self, content: bytes) -> Any:
        """Wrap what a message holds as the function wants it."""
        if self.is_binary:
            return binary(content)
        return text(content.decode(errors="replace"))


class Worker:
    """One app in one worker; calls may come from any thread."""

    def __init__(self, folder: Path) -> None:
        """Load the app. Raises AppError."""
        self._loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        self._enter(folder)
        start_threadpool_executor()
        answer = self._ask(
            handle_event.worker_init_request,
            worker_init_request=SimpleNamespace(
                capabilities={}, function_app_directory=str(folder)
            ),
        )
        _check(answer.result)
        found = self._ask(handle_event.functions_metadata_request)
        _check(found.result)
        self.functions = tuple(map(_function, found.function_metadata_results or ()))
        if not self.functions:
            raise AppError(f"there is no function in {folder / 'function_app.py'}")
        for each in self.functions:
            request = SimpleNamespace(function_id=each.function_id)
            self._ask(handle_event.function_load_request, function_load_request=request)

    @staticmethod
    def _enter(folder: Path) -> None:
        """Import from the app's folder before all others, and work in it."""
        sys.path.insert(0, str(folder))
        os.chdir(folder)

    def _ask(self, handler: Any, **request: Any) -> Any:
        properties = {"host": "127.0.0.1", "protos": PROTOS}
        whole = SimpleNamespace(
            request=SimpleNamespace(**request), properties=properties
        )
        return self._wait(handler(whole))

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def call(
        self, function: Function, data: Any, metadata: Mapping[str, Any] | None = None
    ) -> Any:
        """Call a function and wait; returns its TypedData. Raises CallFailedError."""
        request = SimpleNamespace(
            invocation_id=str(uuid.uuid4()),
            function_id=function.function_id,
            input_data=[
                PROTOS.ParameterBinding(name=function.trigger["name"], data=data)
            ],
            trigger_metadata=metadata or {},
            trace_context=SimpleNamespace(
                trace_parent="", trace_state="", attributes={}
            ),
            retry_context=SimpleNamespace(
                retry_count=0, max_retry_count=0, exception=None
            ),
        )
        answer = self._ask(handle_event.invocation_request, invocation_request=request)
        if answer.result.status != SUCCESS:
            raise CallFailedError(answer.result.exception.message)
        return answer.return_value


def _check(result: Any) -> None:
    if result.status != SUCCESS:
        raise AppError(f"the app cannot be loaded: {result.exception.message}")


def _function(found: Any) -> Function:
    bindings: list[dict[str, Any]] = [json.loads(each) for each in found.raw_bindings]
    triggers = [each for each in bindings if each["type"] in TRIGGERS]
    unknown = {str(each["type"]) for each in bindings} - TRIGGERS - {"http"}
    if unknown or len(triggers) != 1:
        raise AppError(f"{found.name}: this host knows no binding {sorted(unknown)}")
    return Function(found.name, found.function_id, triggers[0])
