"""Resources and modules, as an expression sees them by their symbols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import template
from .functions import Later

if TYPE_CHECKING:
    from .values import Deployment


def _storage(name: str) -> dict[str, Any]:
    services = ("blob", "dfs", "queue", "table")
    host = "core.windows.net"
    ends = {it: Later(f"https://{name}.{it}.{host}/") for it in services}
    return {"primaryEndpoints": ends}


ENDPOINTS: dict[str, Callable[[str], dict[str, Any]]] = {
    "Microsoft.Storage/storageAccounts": _storage
}
"""What Azure makes of a name, where templates take it apart."""


@dataclass(frozen=True, slots=True)
class Handle:
    """A declared resource, as an expression sees it."""

    of: Deployment
    resource: template.Resource
    local: Mapping[str, Any]

    def member(self, name: str) -> Any:
        """Its name, id and children are known; other things are Azure's to say."""
        if name == "name":
            return self.of.full_name(self.resource, self.local).rpartition("/")[2]
        if name == "id":
            full = self.of.full_name(self.resource, self.local)
            return Later(f"{self.resource.type}/{full}")
        child = self.of.file.resources.get(name)
        if child is not None and child.parent == self.resource.symbol:
            return Handle(self.of, child, self.local)
        if not self.of.is_made(self.resource, self.local):
            raise LookupError(f"{self.resource}.{name} is read, but it is not made")
        if name == "properties" and self.resource.type in ENDPOINTS:
            return ENDPOINTS[self.resource.type](self.member("name"))
        return Later(f"{self.resource.symbol}.{name}")


@dataclass(frozen=True, slots=True)
class Outputs:
    """A module, as an expression sees it."""

    deployment: Deployment | None
    name: str
    is_opened: bool = False

    def member(self, name: str) -> Any:
        """Its name; its outputs, and each of them."""
        if name == "name" and not self.is_opened:
            return self.name
        if self.deployment is None:
            raise LookupError(f"module {self.name}.{name} is read, but it is not made")
        if self.is_opened:
            return self.deployment.output(name)
        return replace(self, is_opened=True)
