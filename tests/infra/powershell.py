"""Reads PowerShell by its grammar: commands, their parameters, and what guards them.

In: a script's text. Out: `Command`s. What the grammar cannot read is named by `faults`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_powershell.language()))


@dataclass(frozen=True, slots=True)
class Command:
    """One call of a cmdlet, a function or a program."""

    name: str
    parameters: tuple[str, ...]
    """With their dashes, in lower case; what is splatted is not among them."""
    arguments: int
    """How many there are, named and not; a splatted table counts as one."""
    text: str
    line: int
    guards: tuple[str, ...]
    """The conditions of the `if`s around it, those of `elseif`s too."""
    function: str
    """The function that it stands in; empty where none."""


def root(script: str) -> Node:
    """The script's tree."""
    return _PARSER.parse(script.encode()).root_node


def walk(node: Node) -> Iterator[Node]:
    """Each node of the tree, the outer ones first."""
    yield node
    for child in node.children:
        yield from walk(child)


def text_of(node: Node | None) -> str:
    """A node's own text."""
    return node.text.decode() if node is not None and node.text else ""


def faults(script: str) -> list[str]:
    """What the grammar cannot read, with its line."""
    return [
        f"line {node.start_point.row + 1}: {text_of(node)[:60]!r}"
        for node in walk(root(script))
        if node.type == "ERROR" or node.is_missing
    ]


def commands(script: str) -> list[Command]:
    """Every call in the script, in its order."""
    return [_command(node) for node in walk(root(script)) if node.type == "command"]


def _command(node: Node) -> Command:
    parameters = tuple(
        text_of(each).split(":")[0].lower()
        for each in walk(node)
        if each.type == "command_parameter" and _owner(each) == node
    )
    return Command(
        name=text_of(node.child_by_field_name("command_name")),
        parameters=parameters,
        arguments=_arguments(node),
        text=text_of(node),
        line=node.start_point.row + 1,
        guards=tuple(_guards(node)),
        function=_function(node),
    )


def _owner(node: Node) -> Node | None:
    """The command that a parameter belongs to."""
    while node.parent is not None:
        node = node.parent
        if node.type == "command":
            return node
    return None


def _guards(node: Node) -> Iterator[str]:
    while node.parent is not None:
        inside, node = node, node.parent
        if node.type in {"if_statement", "elseif_clause"}:
            condition = node.child_by_field_name("condition")
            if inside.type == "statement_block" and condition is not None:
                yield text_of(condition)


def _function(node: Node) -> str:
    while node.parent is not None:
        node = node.parent
        if node.type == "function_statement":
            names = [each for each in node.children if each.type == "function_name"]
            return text_of(names[0])
    return ""


def _arguments(node: Node) -> int:
    elements = [each for each in node.children if each.type == "command_elements"]
    counted = (
        each
        for some in elements
        for each in some.children
        if each.type not in {"command_argument_sep", "command_parameter", "redirection"}
    )
    return sum(1 for _ in counted)


def variables(script: str) -> set[str]:
    """Names of the variables that a script reads or writes, in lower case."""
    return {
        _bare(text_of(node))
        for node in walk(root(script))
        if node.type in {"variable", "braced_variable"}
        and not text_of(node).lower().startswith(("$env:", "$script:", "@"))
    }


def assigned(script: str) -> set[str]:
    """Those that it sets: by `=`, as parameters, or by going through a list."""
    found = set()
    for node in walk(root(script)):
        if node.type in {"script_parameter", "foreach_statement"}:
            found.add(_bare(text_of(_first(node, "variable"))))
        elif node.type == "left_assignment_expression":
            names = (each for each in walk(node) if each.type == "variable")
            found |= {_bare(text_of(each)) for each in names}
    return found


def signatures(script: str) -> dict[str, list[str]]:
    """The parameters of each function, in order."""
    return {
        text_of(_first(node, "function_name")): [
            _bare(text_of(_first(each, "variable")))
            for each in walk(node)
            if each.type == "script_parameter"
        ]
        for node in walk(root(script))
        if node.type == "function_statement"
    }


def _first(node: Node, kind: str) -> Node | None:
    return next((each for each in walk(node) if each.type == kind), None)


def _bare(name: str) -> str:
    return name.lstrip("$@").strip("{}").lower()
