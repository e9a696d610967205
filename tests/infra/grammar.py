"""Bicep's expressions as a tree, with the precedence that Bicep gives its operators.

`pycep-parser` nests every chain of operators to the right and forgets brackets, so that
what a condition means cannot be told from its tree: hence this small grammar.
In: words. Out: nodes, frozen. Raises SyntaxError with the place.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .words import Hole, Word, words


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, true, false or null."""

    value: int | bool | None


@dataclass(frozen=True, slots=True)
class Text:
    """A text; its holes are nodes."""

    parts: tuple[str | Node, ...]


@dataclass(frozen=True, slots=True)
class Name:
    """A parameter, variable, resource, module or lambda's argument."""

    name: str


@dataclass(frozen=True, slots=True)
class Object:
    """Pairs in their order; a spread has no key."""

    pairs: tuple[tuple[Node | None, Node], ...]
    children: tuple[Child, ...] = ()

    def get(self, key: str) -> Node | None:
        """The value of a key that is written out."""
        for name, value in self.pairs:
            if isinstance(name, Text) and name.parts == (key,):
                return value
        return None


@dataclass(frozen=True, slots=True)
class Array:
    """Items in their order."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """An item that stands for several."""

    value: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A function; of an object or namespace where `of` is one."""

    name: str
    arguments: tuple[Node, ...]
    of: Node | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """`of.name`, `of[name]`, `of::name`; null where a safe one is missing."""

    of: Node
    name: Node
    is_safe: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator with one or two operands, or `?` with three."""

    sign: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Lambda:
    """`(a, b) => body`."""

    arguments: tuple[str, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class For:
    """`[for item in over: body]`."""

    item: str
    index: str
    over: Node
    body: Node


@dataclass(frozen=True, slots=True)
class If:
    """`if (condition) body`, of a resource or module."""

    condition: Node
    body: Node


@dataclass(frozen=True, slots=True)
class Child:
    """A resource in its parent's brackets."""

    symbol: str
    type: str
    is_existing: bool
    value: Node
    span: tuple[int, int]
    """Where it stands in the text."""


type Node = (
    Literal
    | Text
    | Name
    | Object
    | Array
    | Spread
    | Call
    | Member
    | Operation
    | Lambda
    | For
    | If
)

_BINARY = {
    **dict.fromkeys(("??",), 1),
    **dict.fromkeys(("||",), 2),
    **dict.fromkeys(("&&",), 3),
    **dict.fromkeys(("==", "!=", "=~", "!~"), 4),
    **dict.fromkeys(("<", ">", "<=", ">="), 5),
    **dict.fromkeys(("+", "-"), 6),
    **dict.fromkeys(("*", "/", "%"), 7),
}
# These may begin a line; a minus there would be the next item.
_WRAPPING = frozenset({"&&", "||", "??", "?", ":", ".", ".?", "::"})
_FIXED = {"true": True, "false": False, "null": None}


@dataclass(slots=True)
class Reader:
    """Reads words one after the other."""

    words: list[Word]
    at: int = field(default=0)

    @property
    def word(self) -> Word:
        """The word that comes next."""
        return self.words[self.at]

    def sees(self, *texts: str) -> bool:
        """Whether one of these comes next; a quoted word is none of them."""
        return self.word.kind in {"sign", "name"} and self.word.text in texts

    def take(self, *texts: str) -> Word:
        """The next word, which must be one of these, if any are given."""
        word = self.word
        if texts and not self.sees(*texts):
            wanted = " or ".join(texts)
            raise SyntaxError(f"at {word.start}: {word.text!r}, not {wanted}")
        self.at += 1
        return word

    def lines(self) -> None:
        """Skip line ends, and commas between what stands on one line."""
        while self.word.kind == "line" or self.sees(","):
            self.at += 1

    def expression(self) -> Node:
        """A whole expression."""
        condition = self.binary(1)
        if not self._continues("?"):
            return condition
        yes = self.after("?")
        self._continues(":")
        return Operation("?", (condition, yes, self.after(":")))

    def binary(self, least: int) -> Node:
        """Operators that bind at least so tightly, to the left."""
        left = self.unary()
        while self._continues(*_BINARY) and _BINARY[self.word.text] >= least:
            sign = self.take().text
            self._blank_lines()
            left = Operation(sign, (left, self.binary(_BINARY[sign] + 1)))
        return left

    def unary(self) -> Node:
        """`!`, `-`, or what has neither."""
        if self.sees("!", "-"):
            return Operation(self.take().text, (self.unary(),))
        return self.postfix(self.primary())

    def postfix(self, node: Node) -> Node:
        """Members, indexes, calls of a function, and `!`, which changes nothing."""
        while self._continues(".", ".?", "::") or self.sees("[", "[?", "!"):
            sign = self.take().text
            if sign in {"[", "[?"}:
                node = Member(node, self.expression(), sign == "[?")
                self.take("]")
            elif sign != "!":
                name = self.take().text
                if self.sees("("):
                    node = Call(name, self.arguments(), node)
                else:
                    node = Member(node, Text((name,)), sign == ".?")
        return node

    def primary(self) -> Node:
        """What has no operator."""
        word = self.take()
        if word.kind == "number":
            return Literal(int(word.text))
        if word.kind == "text":
            return Text(tuple(_part(each) for each in word.parts if each != ""))
        if word.kind == "name":
            return self._named(word.text)
        if word.text in {"{", "[", "("}:
            return {"{": self._object, "[": self._array, "(": self._group}[word.text]()
        raise SyntaxError(f"at {word.start}: {word.text!r} begins no expression")

    def arguments(self) -> tuple[Node, ...]:
        """What stands in the brackets of a call."""
        self.take("(")
        found: list[Node] = []
        self.lines()
        while not self.sees(")"):
            found.append(self.expression())
            self.lines()
        self.take(")")
        return tuple(found)

    def value(self) -> Node:
        """What a resource or module is: an object, conditional or not, or a loop."""
        if not self.sees("if"):
            return self.expression()
        self.take("if")
        self.take("(")
        condition = self.expression()
        self.take(")")
        return If(condition, self.expression())

    def _named(self, name: str) -> Node:
        if name in _FIXED:
            return Literal(_FIXED[name])
        if self.sees("("):
            return Call(name, self.arguments())
        if self.sees("=>"):
            return Lambda((name,), self.after("=>"))
        return Name(name)

    def _group(self) -> Node:
        """Brackets: of a lambda's arguments, or round an expression."""
        rest = range(self.at, len(self.words) - 1)
        end = next((i for i in rest if self._closes(i)), self.at)
        if self.words[end + 1].text == "=>":
            names = [w.text for w in self.words[self.at : end] if w.kind == "name"]
            self.at = end + 1
            return Lambda(tuple(names), self.after("=>"))
        self._blank_lines()
        node = self.expression()
        self._blank_lines()
        self.take(")")
        return node

    def _closes(self, at: int) -> bool:
        inside = [w.text for w in self.words[self.at : at + 1] if w.kind == "sign"]
        return inside.count(")") == inside.count("(") + 1

    def _object(self) -> Node:
        pairs: list[tuple[Node | None, Node]] = []
        children: list[Child] = []
        self.lines()
        while not self.sees("}"):
            if self.sees("..."):
                self.take()
                pairs.append((None, self.expression()))
            elif self.sees("resource") and self.words[self.at + 1].kind == "name":
                children.append(self._child())
            elif self.sees("@"):
                self.take()
                self.expression()
            else:
                key = self.take()
                name = Text(tuple(_part(it) for it in key.parts or (key.text,) if it))
                self.take(":")
                self._blank_lines()
                pairs.append((name, self.expression()))
            self.lines()
        self.take("}")
        return Object(tuple(pairs), tuple(children))

    def _child(self) -> Child:
        start = self.take("resource").start
        symbol, kind = self.take().text, self.take().text[1:-1]
        is_existing = self.sees("existing")
        self.at += is_existing
        self.take("=")
        value = self.value()
        span = (start, self.words[self.at - 1].start)
        return Child(symbol, kind, is_existing, value, span)

    def _array(self) -> Node:
        self.lines()
        if self.sees("for"):
            return self._for()
        items: list[Node] = []
        while not self.sees("]"):
            is_spread = self.sees("...")
            self.at += is_spread
            item = self.expression()
            items.append(Spread(item) if is_spread else item)
            self.lines()
        self.take("]")
        return Array(tuple(items))

    def _for(self) -> Node:
        self.take("for")
        item, index = "", ""
        if self.sees("("):
            _, item, _, index, _ = (self.take().text for _ in range(5))
        else:
            item = self.take().text
        self.take("in")
        over = self.expression()
        self.take(":")
        self._blank_lines()
        body = self.value()
        self.lines()
        self.take("]")
        return For(item, index, over, body)

    def after(self, sign: str) -> Node:
        """The expression behind a sign, be it on the next line."""
        self.take(sign)
        self._blank_lines()
        return self.expression()

    def _blank_lines(self) -> None:
        while self.word.kind == "line":
            self.at += 1

    def _continues(self, *signs: str) -> bool:
        """Whether one of these comes next, be it on the next line."""
        if self.sees(*signs):
            return True
        at = self.at
        self._blank_lines()
        if self.sees(*_WRAPPING.intersection(signs)):
            return True
        self.at = at
        return False


def _part(part: str | Hole) -> str | Node:
    if isinstance(part, str):
        return part
    return Reader(words(part.text, part.start)).expression()
