"""What the name of a file says: which printer wrote it, when, and which page it is.

In: a name, with its folder where it lies in one. Out: a `Guess`. The rules are data, in
profiles.toml; a guess decides nothing but which files are pages of one scan. Pure.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("profiles.toml")
UNKNOWN = "unknown"
NAME_LIMIT = 255
"""Characters of a file name (NAME_MAX); a longer one is nobody's."""
YEARS = range(1990, 2100)
"""In which a printer can have scanned; tells 0912 2023 from 0912-20-23."""
_SAME = {"jpeg": "jpg", "jpe": "jpg", "tiff": "tif"}
_LEAP = "2000"
"""Stands for the year where a name tells none: it has every day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What a name says; empty where it says nothing."""

    vendor: str = UNKNOWN
    time: str = ""
    """By the printer's clock, ISO 8601, as exact as the name: `2025-11-01`,
    `2025-10-09T14:15:12.046`; `--01-01T14:50` where it tells no year."""
    job: str = ""
    """What all pages of one scan share: a part of the name, or the folder."""
    page: int | None = None
    counter: str = ""
    is_set: bool = False
    """Whether its printer writes one file for each page, and this is one."""
    is_folder: bool = False
    """Whether `job` is the folder that it lies in."""

    @property
    def is_known(self) -> bool:
        """Whether any profile fits."""
        return bool(self.job)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One entry of profiles.toml."""

    vendor: str
    pattern: re.Pattern[str]
    formats: tuple[str, ...] = ()
    """Of the time; none: the name tells no time."""
    is_set: bool = False
    is_folder: bool = False
    only: frozenset[str] = frozenset()
    """Extensions, as `extension_of` gives them; none: any."""
    seen: tuple[str, ...] = ()

    def guess(self, name: str) -> Guess | None:
        """Read a name; None where it is not one of this printer's."""
        *folders, file = name.split("/")
        if self.only and extension_of(file) not in self.only:
            return None
        said = "/".join([*folders[-1:], _stem(file)]) if self.is_folder else _stem(file)
        found = self.pattern.fullmatch(said)
        if not found:
            return None
        told = found.groupdict()
        time = _time(told.get("time"), self.formats)
        if time is None:
            return None
        page = told.get("page")
        return Guess(
            vendor=self.vendor,
            time=time,
            job=told["job"],
            page=int(page) if page else None,
            counter=told.get("counter") or "",
            is_set=self.is_set and bool(page),
            is_folder=self.is_folder,
        )


def guess(name: str) -> Guess:
    """Say what a name tells, by the first profile that fits; folders by `/`."""
    if max(map(len, name.split("/"))) > NAME_LIMIT:
        return Guess()
    read = (each.guess(name) for each in profiles())
    return next((each for each in read if each), Guess())


def extension_of(name: str) -> str:
    """`jpg` for `A.JPEG`: lower case, one word for each kind, without the dot."""
    dotted = name.rpartition("/")[2].rpartition(".")
    word = dotted[2].lower() if dotted[0] else ""
    return _SAME.get(word, word)


@cache
def profiles() -> tuple[Profile, ...]:
    """All profiles, in the order of the file."""
    data = tomllib.loads(DATA.read_text(encoding="utf-8"))
    return tuple(map(_profile, data["profile"]))


def _profile(entry: Mapping[str, Any]) -> Profile:
    return Profile(
        vendor=entry["vendor"],
        # ASCII: a digit of another script is no digit of a printer's.
        pattern=re.compile(entry["pattern"], re.IGNORECASE | re.ASCII),
        formats=tuple(entry.get("time", ())),
        is_set=entry.get("set", False),
        is_folder=entry.get("folder", False),
        only=frozenset(entry.get("only", ())),
        seen=tuple(entry["seen"]),
    )


def _stem(file: str) -> str:
    return file.rpartition(".")[0] or file


def _time(text: str | None, formats: tuple[str, ...]) -> str | None:
    """Write a time by ISO 8601; None where the digits are none in any format."""
    if not text:
        return ""
    for each in formats:
        has_year = "%y" in each.lower()
        try:
            moment = datetime.strptime(  # noqa: DTZ007 (the printer's own clock)
                text if has_year else _LEAP + text, each if has_year else "%Y" + each
            )
        except ValueError:
            continue
        if moment.year in YEARS:
            return _iso(moment, each)
    return None


def _iso(moment: datetime, form: str) -> str:
    """As exact as the format: a date, minutes, seconds, milliseconds."""
    finest = {"%f": "milliseconds", "%S": "seconds", "%M": "minutes"}
    exact = next((word for sign, word in finest.items() if sign in form), "")
    said = moment.isoformat(timespec=exact) if exact else moment.date().isoformat()
    return said if "%y" in form.lower() else f"--{said[5:]}"
