"""The templates of a folder: what each file declares, as frozen nouns.

In: a folder, or one file. Out: `File`s with their resources, modules, parameters,
variables and outputs; expressions are nodes of `grammar`. Raises SyntaxError.
`pycep-parser`, which checkov stands on, reads no decorated types, unions or spreads and
forgets brackets; `test_readers.py` holds this reader against it where both can read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .grammar import Child, For, If, Lambda, Node, Object, Reader, Text
from .words import comments, words

ROOT = Path(__file__).resolve().parent.parent.parent
INFRA = ROOT / "infra"


@dataclass(frozen=True, slots=True)
class Decorator:
    """`@name(arguments)`."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a file wants to be told; its type as text."""

    name: str
    type: str
    default: Node | None
    decorators: tuple[Decorator, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """What a file tells."""

    name: str
    type: str
    value: Node
    decorators: tuple[Decorator, ...] = ()


@dataclass(frozen=True, slots=True)
class Import:
    """A name of another file; `*` for all, under `name`."""

    name: str
    original: str
    path: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as it is written; `parent` is the symbol it stands in."""

    file: str
    line: int
    end: int
    symbol: str
    type: str
    api_version: str
    is_existing: bool
    loop: For | None
    condition: Node | None
    body: Object
    parent: str = ""

    @property
    def scope(self) -> Node | None:
        """Where it is made, if that is said."""
        return self.body.get("scope")

    def __str__(self) -> str:
        """The file and the symbol, as a person looks for it."""
        return f"{self.file}:{self.line} {self.symbol}"


@dataclass(frozen=True, slots=True)
class Module:
    """Another file, with what it is told."""

    symbol: str
    path: str
    loop: For | None
    condition: Node | None
    body: Object


@dataclass(slots=True)
class File:
    """One file: its declarations, by name."""

    path: Path
    text: str
    parameters: dict[str, Parameter] = field(default_factory=dict)
    variables: dict[str, Node] = field(default_factory=dict)
    functions: dict[str, Lambda] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)
    imports: dict[str, Import] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    values: dict[str, Node] = field(default_factory=dict)
    """Of a parameters file."""
    using: str = ""
    target_scope: str = "resourceGroup"

    @property
    def comments(self) -> list[tuple[int, str]]:
        """Each comment with its line."""
        return comments(self.text)

    def line(self, at: int) -> int:
        """The line of a place in the text, from 1."""
        return self.text.count("\n", 0, at) + 1


def load(folder: Path = INFRA) -> dict[str, File]:
    """Every template below a folder, by its path in it."""
    found = sorted(folder.rglob("*.bicep"))
    return {it.relative_to(folder).as_posix(): read(it) for it in found}


@cache
def read(path: Path) -> File:
    """One file, once. Raises SyntaxError."""
    file = File(path, path.read_text(encoding="utf-8"))
    reader = Declarations(words(file.text), file=file)
    try:
        reader.all()
    except SyntaxError as exc:
        line = file.line(reader.word.start)
        raise SyntaxError(f"{path.name}, near line {line}: {exc}") from exc
    return file


@dataclass(slots=True)
class Declarations(Reader):
    """Reads the declarations of one file into it."""

    file: File = field(kw_only=True)

    def all(self) -> None:
        """Read them to the end."""
        self.lines()
        while self.word.kind != "end":
            decorators = self._decorators()
            what = self.take().text
            read_one = getattr(self, f"_{what}", None)
            if read_one is None:
                raise SyntaxError(f"{what!r} declares nothing")
            read_one(decorators)
            self.lines()

    def _decorators(self) -> tuple[Decorator, ...]:
        found: list[Decorator] = []
        while self.sees("@"):
            self.take()
            name = self.take().text
            if self.sees("."):
                self.take()
                name = self.take().text
            found.append(Decorator(name, self.arguments()))
            self.lines()
        return tuple(found)

    def _targetScope(self, _: object) -> None:  # noqa: N802 (Bicep's word)
        self.take("=")
        self.file.target_scope = self.take().text[1:-1]

    def _metadata(self, _: object) -> None:
        self.take()
        self.take("=")
        self.expression()

    def _using(self, _: object) -> None:
        self.file.using = self.take().text.strip("'")

    def _param(self, decorators: tuple[Decorator, ...]) -> None:
        name = self.take().text
        if self.file.using:
            self.take("=")
            self.file.values[name] = self.expression()
            return
        kind = self._type()
        default = None
        if self.sees("="):
            self.take()
            default = self.expression()
        self.file.parameters[name] = Parameter(name, kind, default, decorators)

    def _var(self, _: object) -> None:
        name = self.take().text
        self._type()
        self.take("=")
        self.file.variables[name] = self.expression()

    def _output(self, decorators: tuple[Decorator, ...]) -> None:
        name = self.take().text
        kind = self._type()
        self.take("=")
        value = self.expression()
        self.file.outputs[name] = Output(name, kind, value, decorators)

    def _type(self, decorators: tuple[Decorator, ...] | None = None) -> str:
        """The text of a type up to `=` or its end; or a type's declaration."""
        name = ""
        if decorators is not None:
            name = self.take().text
            self.take("=")
            self._continues_type()
        start = self.word.start
        depth, end = 0, start
        while depth or not (self.sees("=") or self.word.kind in {"line", "end"}):
            depth += self.sees("{", "[", "(") - self.sees("}", "]", ")")
            end = self.take().end
            if not depth:
                self._continues_type()
        text = self.file.text[start:end]
        if name:
            self.file.types[name] = text
        return text

    def _continues_type(self) -> None:
        at = self.at
        while self.word.kind == "line":
            self.at += 1
        if not self.sees("|"):
            self.at = at

    def _func(self, _: object) -> None:
        name = self.take().text
        self.take("(")
        arguments: list[str] = []
        depth = 1
        while depth:
            word = self.take()
            is_first = self.words[self.at - 2].text in {"(", ","}
            if depth == 1 and is_first and word.kind == "name":
                arguments.append(word.text)
            depth += (word.text == "(") - (word.text == ")")
        while not self.sees("=>"):
            self.take()
        self.file.functions[name] = Lambda(tuple(arguments), self.after("=>"))

    def _import(self, _: object) -> None:
        pairs: list[tuple[str, str]] = []
        closing = "from"
        if self.sees("{"):
            self.take()
            closing = "}"
        self.lines()
        while not self.sees(closing):
            original = name = self.take().text
            if self.sees("as"):
                self.take()
                name = self.take().text
            pairs.append((name, original))
            self.lines()
        if closing == "}":
            self.take("}")
        self.take("from")
        path = self.take().text.strip("'")
        for name, original in pairs:
            self.file.imports[name] = Import(name, original, path)

    def _module(self, _: object) -> None:
        symbol, path = self.take().text, self.take().text.strip("'")
        self.take("=")
        loop, condition, body = _opened(self.value())
        self.file.modules[symbol] = Module(symbol, path, loop, condition, body)

    def _resource(self, _: object) -> None:
        start = self.word.start
        symbol, kind = self.take().text, self.take().text.strip("'")
        is_existing = self.sees("existing")
        self.at += is_existing
        self.take("=")
        value = self.value()
        span = (start, self.words[self.at - 1].start)
        self._keep(Child(symbol, kind, is_existing, value, span), None)

    def _keep(self, it: Child, outer: Resource | None) -> None:
        loop, condition, body = _opened(it.value)
        kind, _, version = it.type.partition("@")
        resource = Resource(
            file=self.file.path.name,
            line=self.file.line(it.span[0]),
            end=self.file.line(it.span[1]),
            symbol=it.symbol,
            type=f"{outer.type}/{kind}" if outer else kind,
            api_version=version or (outer.api_version if outer else ""),
            is_existing=it.is_existing,
            loop=loop,
            condition=condition,
            body=body,
            parent=outer.symbol if outer else "",
        )
        if it.symbol in self.file.resources:
            raise SyntaxError(f"{it.symbol} stands there twice")
        self.file.resources[it.symbol] = resource
        for child in body.children:
            self._keep(child, resource)


def _opened(value: Node) -> tuple[For | None, Node | None, Object]:
    """A resource's loop, its condition and its body."""
    loop = value if isinstance(value, For) else None
    inner = loop.body if loop else value
    condition = None
    if isinstance(inner, If):
        condition, inner = inner.condition, inner.body
    if not isinstance(inner, Object):
        raise SyntaxError("a body is wanted")  # noqa: TRY004 (Bicep's, not ours)
    return loop, condition, inner


def literal(node: Node | None) -> str | None:
    """A text without holes; None where it is none."""
    if isinstance(node, Text) and all(isinstance(each, str) for each in node.parts):
        return "".join(str(each) for each in node.parts)
    return None
