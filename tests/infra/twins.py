"""Reads a hook in either language as what matters: commands, settings, and words.

In: a script's text. Out: the same form for both, so that a test can hold them together.
"""

from __future__ import annotations

import re
import shlex

BLANK = "…"
"""Stands for whatever is only known when the script runs."""
_OWN = {"TRIES", "PAUSE_SECONDS", "MAIL_API_VERSION"}
"""Names that the shell's hooks give to values of their own."""
_SH_COMMAND = re.compile(r"(?:set --|patiently|elif !|&&) (azd? [^\n;]*)")
_PS_COMMAND = re.compile(r"\$command = ('azd?'(?:[^\n]*,\n)*[^\n]*)")
_PS_WORD = re.compile(
    r"'((?:[^']|'')*)'|\"((?:[^\"`]|`.)*)\"|(\$\w+)|\(Get-Answer '(\w+)'\)"
)


def sh_commands(text: str) -> list[list[str]]:
    """What the shell's hook asks of `az` and `azd`, in the order of the file."""
    found = []
    for line in _SH_COMMAND.findall(re.sub(r"\\\n\s*", "", text)):
        words = shlex.split(line.split(" 2>")[0])
        found.append([blanked(word) for word in words])
    return found


def ps_commands(text: str) -> list[list[str]]:
    """The same for PowerShell's."""
    found = []
    for match in _PS_COMMAND.finditer(text):
        words = []
        for single, double, variable, setting in _PS_WORD.findall(match[1]):
            word = f"${setting}" if setting else variable or double or single
            words.append(blanked(word.replace("`?", "?")))
        found.append(words)
    return found


def sh_settings(text: str) -> set[str]:
    """The values of azd's environment that the shell's hook reads."""
    return set(re.findall(r"\$\{?([A-Z][A-Z_]+)\b", text)) - _OWN


def ps_settings(text: str) -> set[str]:
    """The same for PowerShell's."""
    return set(re.findall(r"Get-Answer '([A-Z_]+)'", text))


def sh_words(text: str) -> set[str]:
    """What the shell's hook may say."""
    return _words(text, r"\b(ok|no|also|failed|refused) (?=[\"'])", "\\")


def ps_words(text: str) -> set[str]:
    """The same for PowerShell's."""
    return _words(text, r"\bWrite-(Ok|No|Also|Failed|Refused) (?=[\"'])", "`")


def _words(text: str, start: str, escape: str) -> set[str]:
    found = {
        f"{match[1].lower()} {blanked(quoted(text[match.end() :], escape))}"
        for match in re.finditer(start, text)
    }
    return {each for each in found if each.split(" ", 1)[1] != BLANK}


def quoted(text: str, escape: str) -> str:
    """The text that begins between quotation marks; `$(…)` in it becomes blank."""
    mark, said, depth, place = text[0], "", 0, 1
    while depth or text[place] != mark:
        if mark == '"' and text.startswith("$(", place):
            said += "" if depth else BLANK
            depth += 1
            place += 1
        elif depth:
            depth += {"(": 1, ")": -1}.get(text[place], 0)
        elif text[place] == escape and mark == '"':
            place += 1
            said += text[place]
        else:
            said += text[place]
        place += 1
    return said


def blanked(text: str) -> str:
    """The text with every variable left blank, however it is written."""
    text = re.sub(r"\$\{[^{}]*\}|\$\w+", BLANK, text)
    return re.sub(f"{BLANK}+", BLANK, text)
