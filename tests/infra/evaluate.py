"""What each kind of expression comes to.

In: a node, the deployment it belongs to, and what loops and lambdas named around it.
Out: its value. Raises LookupError where something is read that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .functions import Later, written
from .grammar import (
    Array,
    Call,
    For,
    Lambda,
    Literal,
    Member,
    Name,
    Node,
    Object,
    Operation,
    Spread,
    Text,
)
from .handles import Handle, Outputs

if TYPE_CHECKING:
    from .values import Deployment


def _text(of: Deployment, node: Text, local: Mapping[str, Any]) -> str:
    if len(node.parts) == 1 and isinstance(node.parts[0], str):
        return node.parts[0]
    values = [
        each if isinstance(each, str) else of.value(each, local) for each in node.parts
    ]
    out = "".join(written(each) for each in values)
    return Later(out) if any(isinstance(each, Later) for each in values) else out


def _object(of: Deployment, node: Object, local: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in node.pairs:
        if key is None:
            out |= of.value(value, local)
        else:
            out[of.value(key, local)] = of.value(value, local)
    return out


def _array(of: Deployment, node: Array, local: Mapping[str, Any]) -> list[Any]:
    out: list[Any] = []
    for each in node.items:
        if isinstance(each, Spread):
            out += of.value(each.value, local)
        else:
            out.append(of.value(each, local))
    return out


def _for(of: Deployment, node: For, local: Mapping[str, Any]) -> list[Any]:
    return [
        of.value(node.body, {**local, node.item: item, node.index: index})
        for index, item in enumerate(of.value(node.over, local))
    ]


def _call(of: Deployment, node: Call, local: Mapping[str, Any]) -> Any:
    if node.of is not None and node.of not in {Name("sys"), Name("az")}:
        return Later(f"{node.name} of a resource")
    values = [of.value(each, local) for each in node.arguments]
    return of.function(node.name)(*values)


def _member(of: Deployment, node: Member, local: Mapping[str, Any]) -> Any:
    try:
        whole, name = of.value(node.of, local), of.value(node.name, local)
        if whole is None and _is_safe(node):
            return None
        if isinstance(whole, Handle | Outputs):
            return whole.member(name)
        if isinstance(whole, Later):
            return Later(f"{whole}.{written(name)}")
        return whole[name]
    except (LookupError, TypeError) as exc:
        if node.is_safe:
            return None
        name = of.file.path.name
        raise LookupError(f"{name}: {node.of} has no {node.name}: {exc}") from exc


def _is_safe(node: Node) -> bool:
    """A safe step makes those behind it safe as well."""
    return isinstance(node, Member) and (node.is_safe or _is_safe(node.of))


def _lambda(
    of: Deployment, node: Lambda, local: Mapping[str, Any]
) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        given = dict(zip(node.arguments, values, strict=False))
        return of.value(node.body, {**local, **given})

    return call


def _operation(of: Deployment, node: Operation, local: Mapping[str, Any]) -> Any:
    first = of.value(node.operands[0], local)
    if len(node.operands) == 1:
        return -first if node.sign == "-" else not first
    if node.sign in {"?", "&&", "||", "??"}:
        return _chosen(of, node, first, local)
    return _BINARY[node.sign](first, of.value(node.operands[1], local))


def _chosen(
    of: Deployment, node: Operation, first: Any, local: Mapping[str, Any]
) -> Any:
    """What is evaluated only where it is needed."""
    if node.sign == "?":
        return of.value(node.operands[1 if first else 2], local)
    is_settled = {"&&": first is False, "||": first is True, "??": first is not None}
    if is_settled[node.sign]:
        return first
    return of.value(node.operands[1], local)


_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "=~": lambda a, b: a.lower() == b.lower(),
    "!~": lambda a, b: a.lower() != b.lower(),
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}
EVALUATE: dict[type, Callable[[Deployment, Any, Mapping[str, Any]], Any]] = {
    Literal: lambda _of, node, _local: node.value,
    Text: _text,
    Name: lambda of, node, local: of.look_up(node.name, local),
    Object: _object,
    Array: _array,
    For: _for,
    Call: _call,
    Member: _member,
    Lambda: _lambda,
    Operation: _operation,
}
