"""Is its writer done? The rule, and nothing else. Pure.

In: `Facts` of one look. Out: a `Verdict`. No single signal is enough: over SMB and SFTP
a close comes for half a file, a rest is a pause, a dead session holds a whole file for
hours. So a file must be whole by its structure, and either nobody holds it, or it was
closed after its last change and has rested. Where the structure does not announce the
end, it must rest as long as its folder says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .lease import Holder

REST_SECONDS = 2.0
"""After the last change, where a close or a poll is all that is known."""
LINK_SECONDS = 0.03
"""A file of two names: OpenSSH renames by link and unlink, and is between the two."""
LOOK_SECONDS = 0.5
"""To the next look at a file that is held; the longer it rests, the longer."""
LONGEST_SECONDS = 60.0
"""A file that waits is looked at again at least as often: no signal is sure to come."""


class Ending(StrEnum):
    """What the bytes say."""

    UNREAD = "unread"
    """Nobody has looked at these bytes yet."""
    WHOLE = "whole"
    """The format announces its end, and it is there."""
    CUT = "cut"
    OPEN = "open"
    """Nothing announces the end: text, unknown kinds, a TIFF to which pages come."""


class Step(StrEnum):
    """What to do with a file now."""

    CLAIM = "claim"
    READ = "read"
    """Look at its bytes, then judge again."""
    WAIT = "wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one look found. Moments are seconds of one monotonic clock."""

    size: int
    ending: Ending
    holder: Holder
    is_closed: bool
    """A close, or a rename to this name, came after the last change."""
    changed: float
    """When size, mtime and ctime were first seen as they are."""
    now: float
    quiet_seconds: float
    is_remote: bool = False
    is_linked: bool = False
    """It has another name."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, and why."""

    step: Step
    at: float = 0.0
    """When to look again at the latest, where it waits."""
    why: str = ""


def judge(facts: Facts) -> Verdict:
    """Decide. A file that waits for a change waits `LONGEST_SECONDS` at most."""
    if not facts.size:
        return _wait(facts, LONGEST_SECONDS, "It is empty so far.")
    if facts.ending is Ending.CUT:
        return _wait(facts, LONGEST_SECONDS, "It is not whole.")
    if facts.holder is Holder.WRITER and not facts.is_closed:
        return _wait(facts, _patience(facts), "Its writer holds it open.")
    rest = _rest(facts)
    left = facts.changed + rest - facts.now
    if left > 0:
        return _wait(facts, left, f"It has to rest for {rest:g} s.")
    return Verdict(Step.READ if facts.ending is Ending.UNREAD else Step.CLAIM)


def _rest(facts: Facts) -> float:
    """How long it must have rested."""
    quiet = max(facts.quiet_seconds, 0.0)
    if facts.holder is Holder.NOBODY:
        least = LINK_SECONDS if facts.is_linked else 0.0
        return max(quiet, least) if facts.ending is Ending.OPEN else least
    is_announced = facts.ending is not Ending.OPEN
    if is_announced and (facts.is_closed or facts.is_remote):
        return REST_SECONDS
    return max(quiet, REST_SECONDS)


def _patience(facts: Facts) -> float:
    """Who closed it under another name is not heard: look now and then."""
    return max((facts.now - facts.changed) / 2, LOOK_SECONDS)


def _wait(facts: Facts, seconds: float, why: str) -> Verdict:
    return Verdict(Step.WAIT, facts.now + min(seconds, LONGEST_SECONDS), why)
