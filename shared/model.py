"""The nouns that travel along the path: frozen, without I/O.

A `Blob` is bytes at a place; a `Scan` is what `receive` made of it; a `Mail` is one
entry of the plan in the ledger; a `Message` is a mail composed for a transport; a
`Receipt` is what the transport brought back. The ledger's `Row` is in `row`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    """Where a scan stands (the ledger's `state`)."""

    SENDING = "sending"
    WAITING = "waiting"
    HELD = "held"
    BOUNCED = "bounced"
    SENT = "sent"
    SUPERSEDED = "superseded"
    GONE = "gone"


UNFINISHED = frozenset({State.SENDING, State.WAITING})
LOST = frozenset({State.BOUNCED, State.SUPERSEDED, State.GONE})


class Reason(StrEnum):
    """Why a scan is `waiting` or `held` (the ledger's `reason`)."""

    NO_RECIPIENT = "no-recipient"
    NOT_ALLOWED = "not-allowed"
    RECIPIENT_REFUSED = "recipient-refused"
    TOO_MANY_RECIPIENTS = "too-many-recipients"
    TOO_LARGE = "too-large"
    TYPE_NOT_ACCEPTED = "type-not-accepted"
    INCOMPLETE = "incomplete"
    SIDECAR_MISSING = "sidecar-missing"
    LEFTOVER = "leftover"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    SIGN_IN_REFUSED = "sign-in-refused"
    UNCONFIRMED = "unconfirmed"
    ROUTES_BROKEN = "routes-broken"
    MISSED = "missed"
    GAVE_UP = "gave-up"
    POISONED = "poisoned"


class Kind(StrEnum):
    """What the bytes are; the words of `[policy] accept`."""

    PDF = "pdf"
    TIFF = "tiff"
    JPEG = "jpeg"
    PNG = "png"
    DOCX = "docx"
    XLSX = "xlsx"
    PPTX = "pptx"
    XPS = "xps"
    TXT = "txt"


METADATA = frozenset(
    {"to", "cc", "bcc", "subject", "from_name", "reply_to", "user", "device", "name"}
)
"""The keys that mean something in metadata and sidecars (docs/routing.md)."""


class MailState(StrEnum):
    """Where one mail of the plan stands."""

    OPEN = "open"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCONFIRMED = "unconfirmed"


PENDING = frozenset({MailState.OPEN, MailState.SENDING, MailState.UNCONFIRMED})


class Side(StrEnum):
    """Inside the tenant, or outside of it."""

    INSIDE = "inside"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes at a place: a blob in one of its versions."""

    container: str
    name: str
    """The decoded blob name."""
    etag: str
    """Without quotation marks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A blob as storage described it."""

    place: Place
    size: int
    """Bytes."""
    modified: datetime
    """Last-Modified, aware, UTC, whole seconds."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Keys in lower case, values as stored (percent-encoded UTF-8)."""
    is_copying: bool = False
    """A server-side copy into it is still pending."""


class Content(Protocol):
    """The bytes of one scan, readable more than once, the same each time."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes in order, in pieces of no fixed length.

        Raises a `ForwardError` in the middle, or after the last piece, when the bytes
        are gone, replaced or not whole: whoever is passing them on must then break off,
        so that nobody takes what went out for a finished mail.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A file that is ours, and what is known of it before anybody is asked for."""

    scan_id: str
    path: str
    """The name in container `scans`; never changes."""
    received: datetime
    """Last-Modified in `scans`; never changes."""
    size: int
    kind: Kind
    device: str
    """The device's id: SFTP identity, metadata, or first folder."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Decoded; only the keys that docs/routing.md names."""
    sidecar: Mapping[str, str] = field(default_factory=dict)
    """The same keys, from the file beside the scan."""
    pages: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail of the plan: everything its bytes depend on, and how it fared."""

    n: int
    g: int = 0
    transport: str
    sender: str
    from_name: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = ""
    reply_to: str = ""
    """One address, or empty."""
    attachment: str = ""
    """The file name the recipient sees."""
    state: MailState = MailState.OPEN
    answer: str = ""
    """What the transport said last."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Recipient -> answer: those of `to`, `cc`, `bcc` who will not get this mail."""
    bounced: Mapping[str, str] = field(default_factory=dict)
    """Recipient -> words: accepted first, and returned by a later report."""
    reason: Reason | None = None
    """Why a pending mail waits, or a refused one was refused."""
    after: datetime | None = None
    """A pending mail is not tried before this time."""
    date: datetime | None = None
    """The Date header where it is not the scan's `received` (g > 0)."""
    language: str = "en"
    timezone: str = "UTC"
    device_name: str = ""
    pages: int | None = None
    unchecked: bool = False
    """An operator, or the policy, said to mail it although it is not whole."""
    author: str = ""
    """Who stood at the glass, where From is to be that person."""
    author_name: str = ""
    """The name in From then."""
    as_service: bool = False
    """The transport may not send as the author: From is the sender after all."""
    why: str = ""
    """Why it goes by another transport than was planned."""
    booked: bool = False
    """`after` is its turn under the transport's quota, and taken for it."""
    doubt: bool = False
    """Its transport answered that it failed, and may have taken it all the same."""
    tried: bool = False
    """It was handed over before, and not taken then."""
    held: bool = False
    """Its fate is unknown and nothing automatic is left to try: a person decides."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """The envelope: everybody this mail is for, in order, once each."""
        return tuple(dict.fromkeys(self.to + self.cc + self.bcc))

    @property
    def is_by_author(self) -> bool:
        """Whether From is to be the person at the glass."""
        return bool(self.author) and not self.as_service

    @property
    def lacking(self) -> frozenset[str]:
        """Those of its recipients to whom it was refused, or came back from."""
        return frozenset(self.refused) | frozenset(self.bounced)

    @property
    def is_pending(self) -> bool:
        """Whether there is something left to do for it."""
        return self.state in PENDING and not self.held


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A mail composed for a transport. Equal mails compose to equal messages."""

    scan_id: str
    n: int
    g: int
    message_id: str
    """With angle brackets (RFC 5322, 3.6.4)."""
    operation_id: str
    """A version-8 UUID (RFC 9562) that contains the scan."""
    date: datetime
    sender: str
    """Bounces come back to it; one of the transport's senders."""
    from_name: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    subject: str
    reply_to: str
    text: str
    html: str
    attachment: str
    """File name; empty in a notice, which has no attachment."""
    media_type: str
    size: int
    """Bytes of the attachment."""
    author: str = ""
    """Whom From names instead of `sender`, where the tenant granted Send As."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """The envelope, in order, once each."""
        return tuple(dict.fromkeys(self.to + self.cc + self.bcc))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A transport took the mail, for at least one of its recipients."""

    answer: str
    """The peer's own words, one line."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Recipient -> answer; definite: they will not get this mail."""
    deferred: Mapping[str, str] = field(default_factory=dict)
    """Recipient -> answer; they may be tried again, in a mail of their own."""
    throttled: bool = False
    """Some were put off because the peer wants fewer mails."""
    token_seconds: float = 0.0
    """Time spent on sign-in, for the journal."""


class Fate(StrEnum):
    """What became of a mail whose acceptance was not seen."""

    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The peer has never heard of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a look-up brought back."""

    fate: Fate
    answer: str = ""
