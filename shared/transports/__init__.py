"""The ways out, by name; each is imported when it is built, and not before.

`build` takes a mapping of settings and raises `ConfigError` with a sentence for each
one that is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any

from shared.errors import ConfigError

from .base import Clock, Patience, Transport

_NAMES = ("acs", "direct", "exo", "graph", "hve", "outbox", "relay", "smtp")


def registered() -> tuple[str, ...]:
    """Name every transport there is."""
    return _NAMES


def build(
    name: str,
    source: Mapping[str, str],
    clock: Clock,
    patience: Patience | None = None,
) -> Transport:
    """Make a transport from settings; nothing is sent yet. Raises ConfigError."""
    from .config import fill  # here: whoever only asks for names need not wait

    module = _module(name)
    config = fill(module.Config, source)
    transport: Transport = module.make(config, clock, patience or Patience())
    return transport


def config_fields(name: str) -> tuple[str, ...]:
    """Name a transport's settings, as they are spelt in the environment."""
    return tuple(each.name.upper() for each in fields(_module(name).Config))


def _module(name: str) -> Any:
    if name not in _NAMES:
        raise ConfigError(
            f"{name!r} is no transport", hint=f"write one of {', '.join(_NAMES)}"
        )
    return import_module(f"{__name__}.{name}")
