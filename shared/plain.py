"""Text from outside, made fit for a header, a log line or a file name. Pure."""

from __future__ import annotations

import unicodedata

FILE_LIMIT = 255
"""Characters of a file name that every desktop can save."""


def plain(text: str, limit: int) -> str:
    """One line of visible text: controls become blanks, invisible marks vanish.

    Marks that turn the writing direction would let `fdp.exe` read as `exe.pdf`.
    """
    if text.isascii() and text.isprintable():
        # Most of what comes; each character's category takes a while to look up.
        return " ".join(text.split())[:limit].rstrip()
    out = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if category in {"Cc", "Zl", "Zp"}:
            out.append(" ")
        elif category not in {"Cf", "Cs", "Cn"} or char == "\u200d":
            # The zero-width joiner holds emoji together.
            out.append(char)
    return " ".join("".join(out).split())[:limit].rstrip()


def plain_file(name: str) -> str:
    """A file name that no desktop takes for a path or refuses to save."""
    safe = "".join("_" if char in '\\/:*?"<>|' else char for char in name)
    file = plain(safe, 4 * FILE_LIMIT).strip(". ") or "scan"
    if len(file) <= FILE_LIMIT:
        return file
    stem, dot, extension = file.rpartition(".")
    if not dot or len(extension) > 10:  # noqa: PLR2004 (no extension is longer)
        return file[:FILE_LIMIT]
    return stem[: FILE_LIMIT - len(extension) - 1].rstrip() + "." + extension


def masked(address: str) -> str:
    """`jane@contoso.com` as logs show it: `j***@contoso.com`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}" if at else "***"
