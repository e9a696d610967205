"""A scan and the rules -> who gets it, with which words, and why.

In: a `Scan`, `Rules`, `Directory` and the two `Sides`. Out: a `Routing`; where nobody
may get it, that has a reason and says what to do. Pure; raises nothing, whatever a
path, metadata or a sidecar holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .address import domain_of
from .directory import Directory
from .kinds import EXTENSIONS
from .model import Reason, Scan
from .plain import plain
from .rules import Policy, Rules
from .search import named
from .sources import TEXT_LIMIT, Sources
from .ways import Sides

_MOST_SHOWN = 5
_DETAIL_LIMIT = 1000
_FORMS = ("json", "xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Who gets a scan, with which words."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str
    from_name: str
    reply_to: str
    """One address, or empty."""
    timezone: str
    language: str
    device_name: str
    user: str
    """Who stood at the glass; may be empty, and need not be an address."""
    sender_wish: str
    """`service`, or `user`: From is to be the person at the glass."""
    author: str = ""
    """That person's address, where it is wished and somebody inside."""
    author_name: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Who was named and does not get it -> `not-allowed: …`, `not-an-address: …`."""
    reason: Reason | None = None
    """Why nobody gets it."""
    detail: str = ""
    """What to do, where there is a reason."""
    trail: tuple[str, ...] = ()
    """What each step found, or why it found nobody."""


def route(
    scan: Scan,
    rules: Rules,
    directory: Directory,
    sides: Sides,
    *,
    assigned: tuple[str, ...] = (),
) -> Routing:
    """Find out who gets a scan, and with which words (docs/routing.md).

    `assigned` are an operator's recipients: they replace all that would be found, and
    the policy holds for them too.
    """
    sources = Sources(scan, rules)
    who = named(sources, directory, assigned)
    signature = _signature(sources, directory, sides)
    wished = Routing(
        to=who.to,
        cc=who.cc,
        bcc=who.bcc,
        subject=sources.text("subject"),
        from_name=signature.from_name,
        reply_to=sources.reply_to(directory),
        timezone=sources.ruled("timezone")[0],
        language=sources.ruled("language")[0],
        device_name=sources.device_name,
        user=sources.user,
        sender_wish=sources.ruled("sender")[0],
        author=signature.author,
        author_name=signature.author_name,
        refused=who.bad,
    )
    routing = _judged(wished, rules.policy, sides)
    return replace(routing, trail=(*who.trail, f"6 result: {_outcome(routing)}"))


@dataclass(frozen=True, slots=True)
class _Signature:
    """What From says."""

    from_name: str
    """Where From is the service."""
    author: str = ""
    author_name: str = ""


def _signature(sources: Sources, directory: Directory, sides: Sides) -> _Signature:
    """Whom the mail is from: the service, in the name of both; or the person."""
    said, person = sources.text("from_name"), sources.person(directory)
    is_said = sources.says("from_name")
    if person is None:
        return _Signature(said)
    via = f"{person.name} via {said}" if person.name else said
    name = said if is_said else plain(via, TEXT_LIMIT)
    is_inside = domain_of(person.address) in sides.internal_domains
    if sources.ruled("sender")[0] != "user" or not is_inside:
        return _Signature(name)
    return _Signature(name, person.address, said if is_said else person.name)


def _judged(wished: Routing, policy: Policy, sides: Sides) -> Routing:
    """Hold everybody who is named against the policy."""
    everybody = wished.to + wished.cc + wished.bcc
    if not everybody:
        what = "nobody was found: add a route or a fallback to routes.toml"
        return _nobody(wished, Reason.NO_RECIPIENT, what)
    count = len(everybody) + len(wished.refused)
    if count > policy.max_recipients:
        most = f"{count} recipients, more than [policy] max_recipients"
        what = f"{most} ({policy.max_recipients}): raise it if they are meant"
        return _nobody(wished, Reason.TOO_MANY_RECIPIENTS, what)
    no = {who: why for who in everybody if (why := _objection(who, policy, sides))}
    refused = {**wished.refused, **no}
    if len(no) == len(everybody):
        what = "nobody who is named may get scans"
        return _nobody(replace(wished, refused=refused), Reason.NOT_ALLOWED, what)
    to, cc, bcc = (
        tuple(each for each in group if each not in no)
        for group in (wished.to, wished.cc, wished.bcc)
    )
    return replace(wished, to=to, cc=cc, bcc=bcc, refused=refused)


def _nobody(wished: Routing, reason: Reason, what: str) -> Routing:
    """Nobody gets it; say why, and what to do."""
    why = dict.fromkeys(list(wished.refused.values())[:_MOST_SHOWN])
    said = f"{what}, or release it with --to ADDRESS"
    detail = plain("; ".join([said, *why]), _DETAIL_LIMIT)
    return replace(wished, to=(), cc=(), bcc=(), reason=reason, detail=detail)


def _objection(address: str, policy: Policy, sides: Sides) -> str:
    """Why somebody may not get scans; empty where they may."""
    domain = domain_of(address)
    if domain in sides.internal_domains:
        why = "" if sides.inside else "INTERNAL_TRANSPORT is none"
    elif not policy.allows(domain):
        why = f"{domain} is outside, and [policy] external does not name it"
    else:
        why = "" if sides.outside else "EXTERNAL_TRANSPORT is none"
    return f"not-allowed: {why}" if why else ""


def _outcome(routing: Routing) -> str:
    """What the last line of the trail says."""
    if routing.reason:
        return f"held, {routing.reason}"
    groups = {"to": routing.to, "cc": routing.cc, "bcc": routing.bcc}
    said = [f"{key} {', '.join(group)}" for key, group in groups.items() if group]
    said += [f"{who} {why}" for who, why in routing.refused.items()]
    return plain("; ".join(said), _DETAIL_LIMIT)


def sidecar_wanted(path: str, device: str, rules: Rules) -> str | None:
    """Which form of sidecar a scan's route asks for: `json`, `xml`, or None."""
    found = rules.route_for(device, path)
    return found[0].sidecar if found else None


def is_sidecar(path: str, device: str, rules: Rules) -> bool:
    """Whether a file speaks about a scan of the same name, and is none itself.

    A scan may be called in any case; beside `SCAN.PDF` there may lie `SCAN.XML` too.
    """
    stem, _, extension = path.rpartition(".")
    form = extension.lower()
    if form not in _FORMS or extension not in {form, form.upper()}:
        return False
    shouted = [each.upper() for each in EXTENSIONS]
    others = [] if extension.isupper() else [*EXTENSIONS, *map(str.title, EXTENSIONS)]
    return any(
        sidecar_wanted(f"{stem}.{each}", device, rules) == form
        for each in (*others, *shouted)
    )
