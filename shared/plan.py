"""A routing -> the mails of the plan: by side, by transport, in batches.

In: who gets the scan, and the ways to both sides. Out: numbered `Mail`s, the inside
first; those whom the policy refused stand in a last one that nobody sends. Pure;
raises nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from .address import domain_of, key_of
from .model import Mail, MailState, Reason, Scan
from .route import Routing
from .ways import Sides, Way, best

BATCH_LIMIT = 50
"""Recipients of one mail: what HVE and ACS take."""
NOWHERE = "none"
"""The transport of a mail that nobody sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a plan is made for, apart from the scan and who gets it."""

    generation: int = 0
    date: datetime | None = None
    """The mails' Date where it is not the scan's `received`."""
    attachment: str
    """The file name the recipient sees."""
    has: frozenset[str] = frozenset()
    """Those who have the scan from earlier generations."""
    unchecked: bool = False
    """Mailed although it is not whole."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Recipients of one mail, or of one side before it is cut into batches."""

    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]

    @property
    def everybody(self) -> tuple[str, ...]:
        return self.to + self.cc + self.bcc

    def only(self, who: frozenset[str]) -> _Group:
        """The same with some of them."""
        groups = (self.to, self.cc, self.bcc)
        return _Group(
            *(tuple(each for each in group if each in who) for group in groups)
        )


def make_plan(
    scan: Scan, routing: Routing, sides: Sides, order: Order
) -> tuple[Mail, ...]:
    """Make the mails of one generation, numbered from 0; none for those in `has`.

    Every recipient is in exactly one of them. Each mail's headers name only its own
    recipients: one without `to` takes its first `cc`.
    """
    has = {key_of(each) for each in order.has}
    group = _Group(routing.to, routing.cc, routing.bcc)
    lacking = {each for each in group.everybody if key_of(each) not in has}
    inside = {each for each in lacking if domain_of(each) in sides.internal_domains}
    model = _model(scan, routing, order)
    mails: list[Mail] = []
    for ways, who in ((sides.inside, inside), (sides.outside, lacking - inside)):
        if who and ways:
            way = best(ways, scan.scan_id, scan.kind, scan.size)
            for batch in _batches(group.only(frozenset(who)), way):
                mails.append(_mail(model, way, batch))
    mails.extend(_unsent(model, routing, has))
    return tuple(replace(mail, n=n) for n, mail in enumerate(mails))


def _model(scan: Scan, routing: Routing, order: Order) -> Mail:
    """A mail with all that the mails of a plan share."""
    return Mail(
        n=0,
        g=order.generation,
        transport=NOWHERE,
        sender="",
        from_name=routing.from_name,
        author=routing.author,
        author_name=routing.author_name,
        subject=routing.subject,
        reply_to=routing.reply_to,
        attachment=order.attachment,
        date=order.date,
        language=routing.language,
        timezone=routing.timezone,
        device_name=routing.device_name,
        pages=scan.pages,
        unchecked=order.unchecked,
    )


def _mail(model: Mail, way: Way, group: _Group) -> Mail:
    to, cc = (group.to, group.cc) if group.to else (group.cc[:1], group.cc[1:])
    return replace(
        model, transport=way.name, sender=way.sender, to=to, cc=cc, bcc=group.bcc
    )


def _batches(group: _Group, way: Way) -> Iterator[_Group]:
    """Cut a side into batches that its transport takes in one mail each."""
    most = max(1, min(BATCH_LIMIT, way.carries.max_recipients))
    everybody = group.everybody
    for start in range(0, len(everybody), most):
        batch = group.only(frozenset(everybody[start : start + most]))
        if way.carries.needs_to and not batch.to and not batch.cc:
            # Whoever stood in `to` for the others would be shown to them.
            yield from (_Group((each,), (), ()) for each in batch.bcc)
        else:
            yield batch


def _unsent(model: Mail, routing: Routing, has: set[str]) -> Iterator[Mail]:
    """A mail that keeps in mind who was named and does not get the scan."""
    refused = {
        who: why for who, why in routing.refused.items() if key_of(who) not in has
    }
    if refused:
        yield replace(
            model,
            to=tuple(refused),
            state=MailState.REFUSED,
            answer=next(iter(refused.values())),
            refused=refused,
            reason=Reason.NOT_ALLOWED,
        )
