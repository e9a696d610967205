"""What a template comes to, with given parameters: values, conditions, loops.

In: a `File` and its parameters. Out: the resources that are made, with their bodies.
What only Azure knows, such as a resource's key or address, is a `Later`.
Raises LookupError where something is read that the parameters did not make.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import template
from .evaluate import EVALUATE
from .functions import FUNCTIONS, Later, written
from .grammar import For, Lambda, Node
from .handles import Handle, Outputs

SUBSCRIPTION = {"id": Later("/subscriptions/SUBSCRIPTION"), "tenantId": "TENANT"}
SUBSCRIPTION |= {"subscriptionId": "SUBSCRIPTION", "displayName": "Subscription"}


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that is made."""

    resource: template.Resource
    name: str
    """With its parents', between slashes."""
    body: dict[str, Any]
    scope: str
    """Of an extension resource: what it is put on; else empty."""

    @property
    def type(self) -> str:
        """Such as `Microsoft.Storage/storageAccounts`."""
        return self.resource.type


@dataclass(slots=True)
class Deployment:
    """A file with its parameters."""

    file: template.File
    parameters: dict[str, Any]
    environ: Mapping[str, str] = field(default_factory=dict)
    group: str = "GROUP"
    _known: dict[str, Any] = field(default_factory=dict)

    def made(self) -> Iterator[Made]:
        """Every resource that it makes, those of its modules too."""
        for resource in self.file.resources.values():
            if resource.is_existing:
                continue
            for local in self._turns(resource.loop):
                if self.is_made(resource, local):
                    yield self._make(resource, local)
        for module in self.file.modules.values():
            for local in self._turns(module.loop):
                inner = self._module(module, local).deployment
                if inner is not None:
                    yield from inner.made()

    def output(self, name: str) -> Any:
        """One output."""
        return self.value(self.file.outputs[name].value, {})

    def is_made(self, resource: template.Resource, local: Mapping[str, Any]) -> bool:
        """Whether its condition, and its parent's, hold."""
        outer = self.file.resources.get(resource.parent)
        if outer is not None and not self.is_made(outer, local):
            return False
        condition = resource.condition
        return condition is None or self.value(condition, local) is True

    def full_name(self, resource: template.Resource, local: Mapping[str, Any]) -> str:
        """Its name behind its parents'."""
        own = written(self.value(resource.body.get("name"), local))
        if resource.parent:
            outer = self.file.resources[resource.parent]
            return f"{self.full_name(outer, local)}/{own}"
        parent = resource.body.get("parent")
        if parent is None:
            return own
        handle = self.value(parent, local)
        return f"{handle.of.full_name(handle.resource, handle.local)}/{own}"

    def value(self, node: Node | None, local: Mapping[str, Any]) -> Any:
        """What an expression comes to."""
        if node is None:
            return None
        return EVALUATE[type(node)](self, node, local)

    def _turns(self, loop: For | None) -> Iterator[dict[str, Any]]:
        if loop is None:
            yield {}
            return
        for index, item in enumerate(self.value(loop.over, {})):
            yield {loop.item: item, loop.index: index}

    def _make(self, resource: template.Resource, local: Mapping[str, Any]) -> Made:
        body = {
            key: value
            for key, value in self.value(resource.body, local).items()
            if key not in {"parent", "scope", "dependsOn"}
        }
        scope = self.value(resource.scope, local)
        on = written(scope.member("id")) if isinstance(scope, Handle) else ""
        return Made(resource, self.full_name(resource, local), body, on)

    def _module(self, module: template.Module, local: Mapping[str, Any]) -> Outputs:
        key = f"module {module.symbol} {local}"
        if key not in self._known:
            condition = module.condition
            inner = None
            if condition is None or self.value(condition, local) is True:
                file = template.read(self.file.path.parent / module.path)
                given = self.value(module.body.get("params"), local) or {}
                inner = Deployment(file, given, self.environ, self._group(module))
            self._known[key] = Outputs(inner, module.symbol)
        known: Outputs = self._known[key]
        return known

    def _group(self, module: template.Module) -> str:
        """The resource group that a module is for."""
        scope = self.value(module.body.get("scope"), {})
        if not isinstance(scope, Handle):
            return self.group
        return scope.of.full_name(scope.resource, scope.local)

    def look_up(self, name: str, local: Mapping[str, Any]) -> Any:
        """What a name stands for."""
        if name in local:
            return local[name]
        if name not in self._known:
            self._known[name] = self._declared(name)
        return self._known[name]

    def _declared(self, name: str) -> Any:
        file = self.file
        if name in file.variables:
            return self.value(file.variables[name], {})
        if name in file.parameters:
            return self._parameter(name)
        if name in file.resources:
            resource = file.resources[name]
            handles = [Handle(self, resource, it) for it in self._turns(resource.loop)]
            return handles if resource.loop else handles[0]
        if name in file.modules:
            module = file.modules[name]
            found = [self._module(module, it) for it in self._turns(module.loop)]
            return found if module.loop else found[0]
        if name in file.imports:
            return self._imported(file.imports[name])
        raise LookupError(f"{file.path.name}: {name} is not declared")

    def _parameter(self, name: str) -> Any:
        given = self.parameters.get(name)
        if given is not None:
            return given
        parameter = self.file.parameters[name]
        if parameter.default is None and not parameter.type.endswith("?"):
            raise LookupError(f"{self.file.path.name}: {name} is not given")
        return self.value(parameter.default, {})

    def _imported(self, it: template.Import) -> Any:
        other = Deployment(template.read(self.file.path.parent / it.path), {})
        if it.original == "*":
            return {name: other.look_up(name, {}) for name in other.file.variables}
        return other.look_up(it.original, {})

    def function(self, name: str) -> Callable[..., Any]:
        """A function: the file's own, one about the deployment, or Bicep's."""
        imported = self.file.imports.get(name)
        if name in self.file.functions:
            return self._own_function(self.file.functions[name])
        if imported is not None:
            other = Deployment(template.read(self.file.path.parent / imported.path), {})
            return other.function(imported.original)
        folder = self.file.path.parent
        here: dict[str, Callable[..., Any]] = {
            "deployer": lambda: {"objectId": "DEPLOYER", "tenantId": "TENANT"},
            "deployment": lambda: {"name": "main", "location": "LOCATION"},
            "loadJsonContent": lambda path: json.loads(_content(folder, path)),
            "loadTextContent": lambda path: _content(folder, path),
            "readEnvironmentVariable": self._environment_variable,
            "resourceGroup": self._resource_group,
            "subscription": lambda: SUBSCRIPTION,
            "tenant": lambda: {"tenantId": "TENANT"},
        }
        return here.get(name) or FUNCTIONS[name]

    def _own_function(self, it: Lambda) -> Callable[..., Any]:
        def call(*values: Any) -> Any:
            return self.value(it.body, dict(zip(it.arguments, values, strict=True)))

        return call

    def _environment_variable(self, name: str, default: str | None = None) -> str:
        value = self.environ.get(name, default)
        if value is None:
            raise LookupError(f"{name} is not set")
        return value

    def _resource_group(self, name: str | None = None) -> dict[str, Any]:
        called = name or self.group
        return {"id": Later(f"/{called}"), "name": called, "location": "LOCATION"}


def _content(folder: Path, path: str) -> str:
    return (folder / path).read_text(encoding="utf-8")


def deploy(parameters: Path, environ: Mapping[str, str] | None = None) -> Deployment:
    """The deployment that a parameters file describes."""
    file = template.read(parameters)
    asking = Deployment(file, {}, environ or {})
    given = {name: asking.value(node, {}) for name, node in file.values.items()}
    return Deployment(template.read(parameters.parent / file.using), given)


def file_values(name: str, variable: str) -> Any:
    """A variable of a template, where no parameter has a say in it."""
    return Deployment(template.read(template.INFRA / name), {}).look_up(variable, {})
