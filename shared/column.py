"""The plan as JSON, in the ledger's column, and how much of it goes in there.

A plan is made only where there is room for all that sending can add to it but words;
the words are cut to fit. So no save after acceptance fails for size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime
from typing import Any

from .model import Mail, MailState, Reason

PLAN_COLUMN = 32 << 10
"""UTF-16 units: a table's text property takes 64 KiB."""
PLAN_LIMIT = 31_000
"""Units of a plan when it is made, at its longest; the rest is for words."""
_ADDED = 400
"""Units of everything but words and recipients that sending writes into a mail."""
_WORDS = 100, 30, 0
"""Characters of an answer, where the usual ones do not fit."""
_LATE = datetime(9999, 12, 31, 23, 59, 59, 1, UTC)

_DEFAULTS = {f.name: f.default for f in fields(Mail)}
_LISTS = frozenset({"to", "cc", "bcc"})
_MAPS = frozenset({"refused", "bounced"})
_TIMES = frozenset({"after", "date"})
_EXTRA = frozenset(_DEFAULTS) - {
    *("n", "g", "transport", "sender", "from_name", "to", "cc", "bcc", "subject"),
    *("reply_to", "attachment", "state", "answer", "refused"),
}
"""Keys that are written only where they say something; the rest always."""


def plan_to_json(plan: tuple[Mail, ...]) -> str:
    """Write the plan as its column holds it."""
    rows = [mail_to_dict(mail) for mail in plan]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def mail_to_dict(mail: Mail) -> dict[str, Any]:
    """One mail as plain JSON values."""
    out: dict[str, Any] = {}
    for name in _DEFAULTS:
        value = getattr(mail, name)
        if name in _EXTRA and not value:
            continue
        if name in _LISTS:
            value = list(value)
        elif name in _MAPS:
            value = dict(value)
        elif name in _TIMES:
            value = value.astimezone(UTC).isoformat()
        out[name] = value
    return out


def units(text: str) -> int:
    """Count a text as a table does: in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_too_long(plan: tuple[Mail, ...]) -> bool:
    """Whether a plan may come not to fit, however short the answers are cut."""
    if most_units(plan) <= PLAN_LIMIT:
        return False
    longest = tuple(_longest(mail) for mail in plan)
    return units(plan_to_json(longest)) > PLAN_LIMIT


def most_units(plan: tuple[Mail, ...]) -> int:
    """A bound that sending does not exceed, but for words; cheap, and far too high.

    What is there is written once more at most: recipients, as those who bounced.
    """
    return 2 * units(plan_to_json(plan)) + len(plan) * _ADDED


def fitting(plan: tuple[Mail, ...]) -> tuple[Mail, ...]:
    """The plan with its answers cut as far as the column needs."""
    for most in _WORDS:
        if units(plan_to_json(plan)) <= PLAN_COLUMN:
            break
        plan = tuple(_cut(mail, most) for mail in plan)
    return plan


def _cut(mail: Mail, most: int) -> Mail:
    refused, bounced = (
        {who: said[:most] for who, said in answers.items()}
        for answers in (mail.refused, mail.bounced)
    )
    answer, why = mail.answer[:most], mail.why[:most]
    return replace(mail, answer=answer, why=why, refused=refused, bounced=bounced)


def _longest(mail: Mail) -> Mail:
    """The mail when everything but words was written into it: it waits, or bounced."""
    mail = _cut(mail, 0)
    if mail.state is MailState.REFUSED:
        return mail
    state, reason = MailState.UNCONFIRMED, Reason.RECIPIENT_REFUSED
    tried = replace(mail, state=state, reason=reason, tried=True)
    tried = replace(tried, booked=True, doubt=True, as_service=bool(mail.author))
    everybody = dict.fromkeys(mail.recipients, "")
    grown = replace(tried, after=_LATE), replace(tried, bounced=everybody)
    return max(grown, key=lambda each: units(plan_to_json((each,))))


def plan_from_json(text: str) -> tuple[Mail, ...]:
    """Read a plan back. Raises ValueError where it is none."""
    return tuple(mail_from_dict(each) for each in json.loads(text or "[]"))


def mail_from_dict(values: Mapping[str, Any]) -> Mail:
    """Read one mail back; a key that this version does not know is passed over."""
    known: dict[str, Any] = {}
    for name, default in _DEFAULTS.items():
        if name not in values:
            if default is MISSING and name not in _MAPS:
                raise ValueError(f"a mail of the plan has no {name!r}")
            continue
        value = values[name]
        if name in _LISTS:
            value = tuple(value)
        elif name in _TIMES:
            value = datetime.fromisoformat(value)
        known[name] = value
    known["state"] = MailState(known.get("state", MailState.OPEN))
    if known.get("reason"):
        known["reason"] = Reason(known["reason"])
    return Mail(**known)
