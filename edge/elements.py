"""XML that nobody vouches for, as a small tree; and text of whatever encoding.

In: bytes. Out: `Element`s, texts. Raises `TwinError`. No DTD is read, so nothing can
expand or reach out; depth, size and the number of elements are bounded. Pure.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

SIZE_LIMIT = 4 << 20
"""Bytes; an index has a dozen items for each of some thousand pages."""
DEPTH_LIMIT = 32
ELEMENT_LIMIT = 50_000
_DECLARED = re.compile(r"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_ENCODINGS = re.compile(
    r"utf-?8|utf-?16|us-ascii|ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d|cp125\d"
    r"|shift[_-]jis|windows-31j|euc-jp|euc-kr|gb2312|gbk|gb18030|big5|koi8-r",
    re.IGNORECASE,
)
"""Those that a printer may claim; not all that Python has are of text."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
    (b"{\0", "utf-16-le"),
    (b"\0{", "utf-16-be"),
)
_OLD = "windows-1252"
"""What writes no UTF-8 and says nothing else."""


class TwinError(ValueError):
    """It cannot be read, or not yet; says why in words."""


@dataclass(slots=True)
class Element:
    """A name without its prefix, attributes, text and children."""

    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""
    """Its own, without that of its children; outer blanks are gone."""

    def all_at(self, *path: str) -> Iterator[Element]:
        """Find the elements at a path, below this one."""
        if not path:
            yield self
            return
        for each in self.children:
            if each.name == path[0]:
                yield from each.all_at(*path[1:])

    def text_at(self, *path: str) -> str:
        """Find the first text at a path; empty where there is none."""
        return next((each.text for each in self.all_at(*path) if each.text), "")

    def everywhere(self) -> Iterator[Element]:
        """Go through this and all below, as written."""
        yield self
        for each in self.children:
            yield from each.everywhere()

    def first(self, *names: str) -> str:
        """Say the first of several attributes that is there."""
        return next((text for n in names if (text := self.attributes.get(n, ""))), "")


def decoded(data: bytes) -> str:
    """Read text: by its mark, by what it claims, as UTF-8, else as Windows-1252.

    Raises TwinError for half a character at the end, and for what is too large.
    """
    if len(data) > SIZE_LIMIT:
        raise TwinError(f"larger than {SIZE_LIMIT >> 20} MiB")
    encoding = next((word for mark, word in _MARKS if data.startswith(mark)), "")
    try:
        if encoding:
            return data.decode(encoding)
        claimed = _DECLARED.match(data[:300].decode("latin-1").lstrip())
        if claimed and not _ENCODINGS.fullmatch(claimed[1]):
            raise TwinError(f"an encoding that is not read here: {claimed[1]}")
        if claimed and claimed[1].lower() not in {"utf-8", "utf8", "utf-16"}:
            return data.decode(claimed[1])
    except (UnicodeError, LookupError) as exc:
        raise TwinError("not in the encoding that it claims") from exc
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode(_OLD, errors="replace")


def read_xml(data: bytes) -> Element:
    """Read a document. Raises TwinError."""
    reader = _Reader()
    # A text is handed over as UTF-8, whatever its declaration claims.
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.said
    text = decoded(data)
    try:
        parser.Parse(text.lstrip("\ufeff"), True)
    except expat.ExpatError as exc:
        raise TwinError(f"not XML, or not all of it: {exc}") from exc
    return reader.root.children[0]


class _Reader:
    """Builds the tree."""

    def __init__(self) -> None:
        self.root = Element("", {})
        self._open = [self.root]
        self._said: list[list[str]] = [[]]
        self._count = 0

    def refuse(self, *_: object) -> None:
        raise TwinError("XML with a DOCTYPE is not read")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) > DEPTH_LIMIT or self._count > ELEMENT_LIMIT:
            raise TwinError("XML nested too deeply, or with too many elements")
        new = Element(name.rpartition(":")[2], attributes)
        self._open[-1].children.append(new)
        self._open.append(new)
        self._said.append([])

    def said(self, text: str) -> None:
        self._said[-1].append(text)

    def end(self, _: str) -> None:
        self._open.pop().text = "".join(self._said.pop()).strip()
