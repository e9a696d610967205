"""The way to a transport's peer, step by step: its name, its port, its certificate.

Each step returns one line of what was seen, or raises UnreachableError with what mends
it. It stands alone, and sends nothing: for a person who wants to know where it ends.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, cast

from shared.errors import UnreachableError
from shared.plain import plain

from .base import Clock, Endpoint, Patience
from .client import crossing
from .replies import Step

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, Name

RELAYING = 25
_SHOWN, _NAMES_SHOWN = 200, 5
_PAGES: tuple[tuple[str, str], ...] = (
    (
        r"\.mail\.protection\.outlook\.com$|\.mx\.microsoft$",
        "the tenant's MX stands in the Microsoft 365 admin center, Settings, Domains",
    ),
    (
        r"\.communication\.azure\.com$",
        "the endpoint stands in the Azure portal, Communication Services, Overview",
    ),
)
"""Where a host's name can be looked up."""
_SPELLING = "check the spelling of the host in the settings"
_NO_NAME_SERVER = (
    "the name server does not answer: check the network's DNS (of a function app: the "
    "virtual network's DNS servers in the Azure portal)"
)
_NOBODY = "the machine is there and nobody listens: check the port"
_DROPPED = (
    "no answer: a firewall drops it; in Azure see the rules of the network security "
    "group (portal, Networking) for this port"
)
_AUTHORITY = (
    "a private authority's certificate goes into SSL_CERT_FILE (for ACS and Graph: "
    "REQUESTS_CA_BUNDLE); a public one's: somebody stands in between"
)
_CLOCK = "check this machine's clock"
_MENDS = {
    9: f"it is not valid yet: {_CLOCK}",
    10: f"whoever runs the server must renew it; {_CLOCK}",
    62: "write one of the certificate's names as the host",
    64: "write one of the certificate's names as the host",
}
"""OpenSSL's verdicts (X509_V_ERR_*); the others are about who issued it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Looks at one peer."""

    endpoint: Endpoint
    patience: Patience
    clock: Clock
    trust: str = ""
    """A PEM file of authorities to trust beside the platform's (SSL_CERT_FILE)."""

    @property
    def _where(self) -> str:
        return f"{self.endpoint.host}:{self.endpoint.port}"

    def dns(self) -> str:
        """Ask for the host's addresses."""
        host = self.endpoint.host
        if _is_address(host):
            return f"{host} is an address"
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except socket.gaierror as exc:
            first = _NO_NAME_SERVER if exc.errno == socket.EAI_AGAIN else _SPELLING
            hint = _mend(host, first)
            raise UnreachableError(f"{host}: {exc.strerror}", hint=hint) from exc
        except UnicodeError as exc:
            hint = _mend(host, _SPELLING)
            raise UnreachableError(f"{host!r} is no name", hint=hint) from exc
        addresses = dict.fromkeys(str(each[4][0]) for each in found)
        return f"{host} is {', '.join(addresses)}"

    def tcp(self) -> str:
        """Connect, and hang up."""
        host, port = self.endpoint.host, self.endpoint.port
        seconds = self.patience.connect_seconds
        try:
            with (
                crossing(self._where, Step.CONNECT),
                socket.create_connection((host, port), seconds) as sock,
            ):
                return f"{sock.getpeername()[0]} answers on port {port}"
        except UnreachableError as exc:
            hint = exc.hint
            if port != RELAYING and isinstance(exc.__cause__, ConnectionRefusedError):
                hint = _NOBODY
            if port != RELAYING and isinstance(exc.__cause__, TimeoutError):
                hint = _DROPPED
            raise UnreachableError(exc.what, hint=hint) from exc

    def tls(self) -> str:
        """Secure a connection, whichever way; shows the certificate in any case."""
        context = ssl.create_default_context()
        if self.trust:
            context.load_verify_locations(self.trust)
        if self.endpoint.certificate:
            self.endpoint.certificate.load(context)
        try:
            with self._secured(context) as sock:
                shown = self._shown(_certificate(sock))
                return f"{sock.version()}; certificate {shown}"
        except UnreachableError as exc:
            cause = exc.__cause__
            if not isinstance(cause, ssl.SSLCertVerificationError):
                raise
            shown = self._shown(self._untrusted())
            raise UnreachableError(
                f"{self._where}: {cause.verify_message}; certificate {shown}",
                hint=_MENDS.get(cause.verify_code, _AUTHORITY),
            ) from exc

    @contextmanager
    def _secured(self, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
        """Connect as the transport does. Raises UnreachableError, ThrottledError."""
        host, port = self.endpoint.host, self.endpoint.port
        seconds = self.patience.connect_seconds
        with crossing(self._where, Step.CONNECT):
            if self.endpoint.is_tls_first:
                with (
                    socket.create_connection((host, port), seconds) as raw,
                    context.wrap_socket(raw, server_hostname=host) as sock,
                ):
                    yield sock
                return
            with closing(
                smtplib.SMTP(host, port, "[127.0.0.1]", timeout=seconds)
            ) as smtp:
                smtp.ehlo_or_helo_if_needed()
                if not smtp.has_extn("starttls"):
                    raise UnreachableError(
                        f"{self._where} offers no STARTTLS",
                        hint="check host and port; or somebody in between strips it",
                    )
                smtp.starttls(context=context)
                yield cast("ssl.SSLSocket", smtp.sock)

    def _untrusted(self) -> Certificate:
        """Fetch a certificate that does not hold, to show it."""
        context = ssl.create_default_context()
        # Nothing is said over this connection, and nothing is believed.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with self._secured(context) as sock:
            return _certificate(sock)

    def _shown(self, certificate: Certificate) -> str:
        """Whose it is, by whom, and how long it is good."""
        ends = certificate.not_valid_after_utc
        left = ends - self.clock()
        is_over = left < timedelta(0)
        how_long = f"{(-left).days} days ago" if is_over else f"{left.days} days left"
        return (
            f"of {_named(certificate.subject)} for {_hosts(certificate)}, by "
            f"{_named(certificate.issuer)}, valid until {ends:%Y-%m-%d} ({how_long})"
        )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _mend(host: str, first: str) -> str:
    pages = (words for sign, words in _PAGES if re.search(sign, host.lower()))
    return "; ".join([first, *pages])


def _certificate(sock: ssl.SSLSocket) -> Certificate:
    # Imported here: whoever is only connected to need not wait for it.
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(sock.getpeercert(binary_form=True) or b"")


def _named(name: Name) -> str:
    return plain(name.rfc4514_string(), _SHOWN) or "nobody"


def _hosts(certificate: Certificate) -> str:
    """The names and addresses that it is good for."""
    from cryptography.x509 import ExtensionNotFound, SubjectAlternativeName

    try:
        found = certificate.extensions.get_extension_for_class(SubjectAlternativeName)
    except ExtensionNotFound:
        return "no host"
    hosts = [plain(str(each.value), _SHOWN) for each in found.value]
    more = [f"{len(hosts) - _NAMES_SHOWN} more"] if len(hosts) > _NAMES_SHOWN else []
    return ", ".join(hosts[:_NAMES_SHOWN] + more)
