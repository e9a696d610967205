"""The small file beside a scan, as printers and their software write it.

In: its bytes and form. Out: the keys of metadata (docs/routing.md), as texts. Raises
`TwinError`. Which file it belongs to is for `pairs` to say. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from shared.model import METADATA
from shared.plain import plain

from .config import Sidecar
from .elements import TwinError, decoded, read_xml

TEXT_LIMIT = 255
"""Characters of a subject or a name; no mail shows more."""
METADATA_BYTES = 6000
"""For all values, percent-encoded; the service takes 8 KiB with the agent's own."""
LISTS = frozenset({"to", "cc", "bcc"})
MEANT: Mapping[str, str] = {
    **{key: key for key in METADATA - {"device"}},
    "email": "to",
    "emailaddress": "to",
    "recipient": "to",
    "recipients": "to",
    "empfänger": "to",
    "an": "to",
    "betreff": "subject",
    "username": "user",
    "userid": "user",
    "benutzer": "user",
    "benutzername": "user",
    "filename": "",
    "documentname": "name",
    "replyto": "reply_to",
    "fromname": "from_name",
}
"""What a field typed at a panel is called, letters only -> its key; none: nothing. The
device is not a printer's to say: it is the folder's."""
_WORDS = re.compile(r"[\W\d_]+")
_BLOCK = re.compile(r"^[ \t]*\[", re.MULTILINE)
_END = re.compile(r"^[ \t]*end[ \t\r]*$", re.MULTILINE | re.IGNORECASE)
_TYPE = r"(?:string|integer|boolean|(?:enum|struct|ref)_\w{1,40})"
_NAME = r"(?P<name>[^\s={};\[][^={};\n]{0,127})"
_TEXT = r'(?:"(?P<quoted>[^"\n]{0,1000})"|(?P<bare>[^;\n"]{0,1000}))'
_LINE = re.compile(
    rf"^[ \t]*(?:\*[ \t]*)?(?:{_TYPE}[ \t]+)?{_NAME}=[ \t]*{_TEXT}",
    re.MULTILINE | re.IGNORECASE,
)


def read_twin(data: bytes, form: Sidecar) -> dict[str, str]:
    """Read a twin; empty values are left out. Raises TwinError, for half of one too."""
    if not data.strip(b"\0\t\n\r "):
        raise TwinError("it is empty")
    found = _FORMS[form](data)
    values = {key: _value(key, text) for key, text in found.items()}
    values = {key: text for key, text in values.items() if text}
    size = sum(len(key) + len(quote(text)) for key, text in values.items())
    if size > METADATA_BYTES:
        # To cut it would send the scan to some, and not to others.
        raise TwinError(f"it says more than fits: {size} bytes of {METADATA_BYTES}")
    return values


def _value(key: str, text: str) -> str:
    if key in LISTS:
        words = (plain(each, 4 * TEXT_LIMIT) for each in re.split(r"[,;\n\r]", text))
        return ",".join(filter(None, words))
    return plain(text, TEXT_LIMIT)


def _named(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Keep the fields that mean something; the first that says it wins."""
    found: dict[str, str] = {}
    for name, text in pairs:
        whole = name.strip().lower()
        word = whole if whole in METADATA else _WORDS.sub("", whole)
        key = MEANT.get(word, "")
        if key and text.strip():
            found.setdefault(key, text)
    return found


def _papercut(data: bytes) -> dict[str, str]:
    """Read `<scan>`: who stood there, and what was typed into the action's fields.

    The scan goes to the person at the panel, unless a field says to whom. Elements are
    those of PaperCut MF's manual, "XML metadata file".
    """
    root = read_xml(data)
    if root.name != "scan":
        raise TwinError(f"<{root.name}> where PaperCut writes <scan>")
    email, name = root.text_at("user", "email"), root.text_at("user", "name")
    typed = _named(
        (field.text_at("label"), field.text_at("value"))
        for field in root.all_at("fields", "field")
    )
    return {"to": email, "user": email or name} | typed


def _index(data: bytes) -> dict[str, str]:
    """Read names and values, of the first page that has them.

    `<item name= value=>`: fi N7100E, "Index Information File Format", page 303.
    `<index id=>`: eCopy ShareScan 4.2, 39.1.12. Ricoh GlobalScan's own index was not
    seen: it is read where it is shaped like either.
    """
    pairs: list[tuple[str, str]] = []
    for each in read_xml(data).everywhere():
        name = each.first("name", "id", "key", "label")
        if name:
            pairs.append((name, each.first("value") or each.text))
    return _named(pairs)


def _xerox(data: bytes) -> dict[str, str]:
    """Read blocks of `* type Name = value;`, or lines of `name = value`.

    Templates (`.xst`) look so, as programs write them. A job log itself was not seen:
    the Document Centre 440 guide, 9-22, says that it holds the fields of the panel,
    each with a name and a value.
    """
    text = decoded(data)
    if _BLOCK.search(text) and not _is_closed(text):
        raise TwinError("it ends in the middle: a block is open")
    return _named(_assigned(text))


def _assigned(text: str) -> Iterator[tuple[str, str]]:
    """Find what is assigned; `FieldName` and `FieldValue` are one pair."""
    called = ""
    for found in _LINE.finditer(text):
        name, quoted = found["name"], found["quoted"]
        value = found["bare"] if quoted is None else quoted
        word = _WORDS.sub("", name).lower()
        if word.endswith("fieldname"):
            called = value
        elif word.endswith("value") and called:
            yield called, value
            called = ""
        else:
            yield name, value


def _is_closed(text: str) -> bool:
    """Whether each block has its `}` and its `end`."""
    rest = re.sub(r'"[^"\n]*"', "", text)
    ends = len(_END.findall(rest))
    return rest.count("{") == rest.count("}") and ends == len(_BLOCK.findall(rest))


def _json(data: bytes) -> dict[str, str]:
    """Read an object whose keys are those of metadata, in capitals or not."""
    try:
        value = json.loads(decoded(data))
    except (ValueError, RecursionError) as exc:
        raise TwinError("not JSON, or not all of it") from exc
    if not isinstance(value, dict):
        raise TwinError("not a JSON object")
    # Somebody's program writes `To`; what is written as it should be goes before it.
    named = {key.strip().lower(): each for key, each in value.items()} | value
    return {key: _said(each) for key, each in named.items() if key in METADATA}


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_said(each) for each in value if not isinstance(each, list))
    if isinstance(value, bool | dict) or value is None:
        return ""
    return str(value)


_FORMS: Mapping[Sidecar, Callable[[bytes], dict[str, str]]] = {
    Sidecar.PAPERCUT: _papercut,
    Sidecar.XEROX: _xerox,
    Sidecar.INDEX: _index,
    Sidecar.JSON: _json,
}
