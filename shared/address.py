"""What an address is: the one place that decides.

In: text from a rule, a directory, metadata, a path or a setting. Out: a bare address
whose domain is lower-case ASCII. Raises `AddressError`, in plain words. Pure.
"""

from __future__ import annotations

import re
import unicodedata

import idna

LOCAL_LIMIT = 64
"""Octets of a local part (RFC 5321, 4.5.3.1.1)."""
DOMAIN_LIMIT = 253
"""Characters of a domain: 255 octets on the wire (RFC 1035, 2.3.4), less two."""
ADDRESS_LIMIT = 254
"""Octets of an address: a path of 256 less its brackets (RFC 5321, 4.5.3.1.3)."""
_SHOWN = 80

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_RESERVED_LABEL = re.compile(r"(?:^|\.)..--")
"""Labels with hyphens in the third and fourth place: `xn--` must decode."""


class AddressError(ValueError):
    """The text is not an address, or not a domain; the message says why."""


def parse_address(text: str) -> str:
    """Read a bare address: `office@contoso.com`, and nothing around it.

    The local part is a Dot-string (RFC 5321, 4.1.2) and stays as typed; the domain is
    read by RFC 5891 and UTS 46 and comes back as lower-case A-labels. Raises
    AddressError.
    """
    local, at, domain = text.rpartition("@")
    if not at:
        raise _no_address(text, "it has no '@'")
    if len(text) > ADDRESS_LIMIT:
        raise _no_address(text, f"it is longer than {ADDRESS_LIMIT} characters")
    if not _LOCAL.fullmatch(local):
        raise _no_address(text, _fault_of_local(local))
    if len(local) > LOCAL_LIMIT:
        raise _no_address(text, f"more than {LOCAL_LIMIT} characters before the '@'")
    try:
        domain = parse_domain(domain)
    except AddressError as exc:
        raise _no_address(text, str(exc)) from exc
    if len(local) + 1 + len(domain) > ADDRESS_LIMIT:
        raise _no_address(text, f"it is longer than {ADDRESS_LIMIT} octets")
    return f"{local}@{domain}"


def parse_domain(text: str) -> str:
    """Read a full domain as lower-case A-labels (RFC 5891, UTS 46).

    It has at least two labels, and does not end like an IP address. Raises
    AddressError.
    """
    domain = text.lower() if text.isascii() else text
    if not _DOMAIN.fullmatch(domain) or _RESERVED_LABEL.search(domain):
        domain = _encoded(text)
    if len(domain) > DOMAIN_LIMIT:
        raise AddressError(f"{text[:_SHOWN]!r} is too long for a domain")
    if "." not in domain or domain.rpartition(".")[2].isdigit():
        raise AddressError(f"{text[:_SHOWN]!r} is no full domain")
    return domain


def _encoded(text: str) -> str:
    """Take the long way, for names that are not plain ASCII."""
    if len(text) > DOMAIN_LIMIT:
        raise AddressError(f"{text[:_SHOWN]!r} is too long for a domain")
    try:
        # UTS 46 drops invisible characters; one that stands here is no accident.
        if any(_is_unseen(char) for char in text):
            raise AddressError(f"{text[:_SHOWN]!r} has blanks or invisible characters")
        domain = idna.encode(text, uts46=True, std3_rules=True).decode("ascii")
    except UnicodeError as exc:
        raise AddressError(f"{text[:_SHOWN]!r} is no domain ({exc})") from exc
    if not _DOMAIN.fullmatch(domain):
        raise AddressError(f"{text[:_SHOWN]!r} is no domain")
    return domain


def _is_unseen(char: str) -> bool:
    """Whether a character cannot be seen. Raises idna.IDNAError for some that can."""
    category = unicodedata.category(char)
    return category in {"Cc", "Cf", "Cs", "Zs"} or not idna.uts46_remap(char)


def domain_of(address: str) -> str:
    """The domain of an address that was parsed."""
    return address.rpartition("@")[2]


def key_of(address: str) -> str:
    """What two spellings of one mailbox have in common, for finding duplicates.

    RFC 5321 leaves the local part's case to its host; no host that mail is sent to
    from here tells two mailboxes apart by it.
    """
    return address.casefold()


def _no_address(text: str, why: str) -> AddressError:
    return AddressError(f"{text[:_SHOWN]!r} is not an address: {why}")


_FAULTS_OF_LOCAL: tuple[tuple[str, str], ...] = (
    (r"", "nothing stands before the '@'"),
    (r".*<.*", "write it bare, without a name and without '<' and '>'"),
    (r'".*|.*"', "quoted local parts are not taken"),
    (r".*@.*", "it has more than one '@'"),
    (r"\..*|.*\.|.*\.\..*", "before the '@' a dot has no neighbour"),
    (r".*[^\0-\x7f].*", "only ASCII may stand before the '@'"),
    (r".*", "a character that must not stand before the '@'"),
)


def _fault_of_local(local: str) -> str:
    """Say what is wrong before the '@'."""
    rows = ((re.compile(row, re.DOTALL), what) for row, what in _FAULTS_OF_LOCAL)
    return next(what for row, what in rows if row.fullmatch(local))
