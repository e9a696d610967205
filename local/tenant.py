"""A customer's tenant: certificate authority, Entra, and the app's managed identity.

Whoever plays the cloud begins with it: `local run`, the benchmark, the crash campaign.
"""

from __future__ import annotations

import base64
import secrets
import ssl
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Self

from local.acs import Resource
from local.certificates import Authority
from local.entra import MAIL_AUDIENCE, Application, Entra
from local.identity import IdentityEndpoint
from local.mailserver import House
from local.tokens import Issuer

TENANT = "11111111-1111-4111-8111-111111111111"
APPLICATION = "22222222-2222-4222-8222-222222222222"
IDENTITY, IDENTITY_OBJECT = (
    "33333333-3333-4333-8333-333333333333",
    "44444444-4444-4444-8444-444444444444",
)
DOMAIN, MAIL_HOST = "contoso.com", "127.0.0.1"
HVE_SENDER, ACS_SENDER = f"scans@{DOMAIN}", f"scans@mail.{DOMAIN}"
NAMES: Mapping[str, str] = {
    "INTERNAL_DOMAINS": DOMAIN,
    "INTERNAL_TRANSPORT": "hve",
    "EXTERNAL_TRANSPORT": "acs",
    "MAIL_TENANT_ID": TENANT,
    "MAIL_CLIENT_ID": APPLICATION,
    "AZURE_CLIENT_ID": IDENTITY,
    # The stand-in's domain is not new.
    "QUOTAS": "acs=none",
    "HVE_SENDER": HVE_SENDER,
    "HVE_HOST": MAIL_HOST,
    "ACS_SENDER": ACS_SENDER,
    "PYTHON_THREADPOOL_THREAD_COUNT": "16",
}
"""Settings that are always the same."""


class Tenant:
    """Signs everybody in; a context manager."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._issuer = Issuer(TENANT)

    def __enter__(self) -> Self:
        self.authority = self._stack.enter_context(Authority())
        self.context: ssl.SSLContext = self.authority.context()
        """What the services of the tenant prove themselves with."""
        application = Application(
            client_id=APPLICATION, federated_subject=IDENTITY_OBJECT
        )
        self._entra = Entra(self._issuer, application, self.context)
        self._identity = IdentityEndpoint(self._issuer, IDENTITY, IDENTITY_OBJECT)
        for each in (self._entra, self._identity):
            self._stack.enter_context(each.server)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def settings(self) -> dict[str, str]:
        """For the functions; the places of storage, mail server and ACS come to it."""
        return {
            **NAMES,
            **self._identity.environment,
            **self.authority.trust,
            "AZURE_AUTHORITY_HOST": self._entra.server.url,
        }

    def house(self) -> House:
        """What the mail server knows."""
        return House(
            accounts={HVE_SENDER: ""},
            internal_domains=frozenset({DOMAIN}),
            issuer=self._issuer,
            application=APPLICATION,
        )

    def resource(self) -> Resource:
        """What ACS knows."""
        return Resource(
            senders=frozenset({ACS_SENDER}),
            access_key=base64.b64encode(secrets.token_bytes(32)).decode(),
            issuer=self._issuer,
        )

    def mail_token(self) -> str:
        """A token for the mail server, as Entra would give it."""
        return self._issuer.issue(MAIL_AUDIENCE, {"appid": APPLICATION})
