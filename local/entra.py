"""The Entra stand-in: tokens for one application of one tenant, as strict as Entra.

Client credentials (RFC 6749, 4.4) with a secret, with an assertion signed by a
registered certificate, or with the token of a federated identity (RFC 7523). People
sign in by device code (RFC 8628) and stay signed in by refresh tokens: `people`.
"""

from __future__ import annotations

import hashlib
import ssl
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from .people import DEVICE_GRANT, REFRESH_GRANT, People, RefusedError
from .tokens import LIFETIME_SECONDS, Issuer
from .web import Request, Response, WebServer

EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
MAIL_AUDIENCE = "https://outlook.office365.com"
PEOPLE_AUDIENCE = "https://outlook.office.com"
SMTP_SEND = f"{PEOPLE_AUDIENCE}/SMTP.Send"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application registration, with what it may sign in with."""

    client_id: str
    secret: str = ""
    certificate: str = ""
    """PEM; a private key beside it is not read."""
    federated_subject: str = ""
    """The object id of the identity that may stand in for it."""
    consented: frozenset[str] = frozenset()
    """Delegated scopes that people may give it; none: no public client flows."""


class Entra:
    """Issues tokens; a context manager through its `server`."""

    def __init__(
        self,
        issuer: Issuer,
        application: Application,
        context: ssl.SSLContext,
        port: int = 0,
    ) -> None:
        self.issuer = issuer
        self.application = application
        self.lifetime_seconds: float = LIFETIME_SECONDS
        self.issued: list[str] = []
        """Every token so far, in order."""
        self.people = People(issuer, application.client_id, application.consented)
        self.server = WebServer(self._answer, context, port)

    def _answer(self, request: Request) -> Response:
        tenant = f"/{self.issuer.tenant}"
        routes = {
            ("GET", f"{tenant}/v2.0/.well-known/openid-configuration"): self._discovery,
            ("GET", f"{tenant}/discovery/v2.0/keys"): self._keys,
            ("POST", f"{tenant}/oauth2/v2.0/token"): self._token,
            ("POST", f"{tenant}/oauth2/v2.0/devicecode"): self._device_code,
        }
        handler = routes.get((request.method, request.path), self._elsewhere)
        try:
            return handler(request)
        except RefusedError as exc:
            status = 401 if exc.code == "invalid_client" else 400
            return Response.of(status, _error(exc))

    def _elsewhere(self, request: Request) -> Response:
        raise RefusedError(
            "invalid_tenant", "AADSTS90002", f"Tenant not found: {request.path}"
        )

    @property
    def token_endpoint(self) -> str:
        """Where tokens are asked for."""
        return f"{self.server.url}/{self.issuer.tenant}/oauth2/v2.0/token"

    def _discovery(self, request: Request) -> Response:  # noqa: ARG002 (one shape)
        base = f"{self.server.url}/{self.issuer.tenant}"
        return Response.of(
            200,
            {
                "issuer": self.issuer.name,
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": self.token_endpoint,
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
            },
        )

    def _keys(self, request: Request) -> Response:  # noqa: ARG002 (one shape)
        return Response.of(200, self.issuer.keys())

    def _device_code(self, request: Request) -> Response:
        form = _form(request)
        self._know(form)
        return Response.of(200, self.people.begin(form))

    def _token(self, request: Request) -> Response:
        form = _form(request)
        grants: Mapping[str, Callable[[Mapping[str, str]], Mapping[str, Any]]] = {
            "client_credentials": self._as_application,
            DEVICE_GRANT: self._as_person,
            REFRESH_GRANT: self._as_person,
        }
        grant = grants.get(form.get("grant_type", ""))
        if not grant:
            raise RefusedError(
                "unsupported_grant_type", "AADSTS70003", "The grant is not supported."
            )
        self._know(form)
        answer = grant(form)
        self.issued.append(answer["access_token"])
        return Response.of(200, answer)

    def _know(self, form: Mapping[str, str]) -> None:
        if form.get("client_id") != self.application.client_id:
            raise RefusedError(
                "unauthorized_client", "AADSTS700016", "Application was not found."
            )

    def _as_person(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        if form.get("client_secret") or form.get("client_assertion"):
            raise RefusedError(
                "invalid_client", "AADSTS700025", "Client is public: no secret."
            )
        return self.people.token(form, self.lifetime_seconds)

    def _as_application(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        self._authenticate(form)
        resource, slash, scope = form.get("scope", "").rpartition("/")
        if not slash or scope != ".default":
            raise RefusedError(
                "invalid_scope", "AADSTS1002012", "The scope must end with /.default."
            )
        token = self.issuer.issue(
            resource, {"appid": form["client_id"]}, self.lifetime_seconds
        )
        expires = int(self.lifetime_seconds)
        return {"token_type": "Bearer", "expires_in": expires, "access_token": token}

    def _authenticate(self, form: Mapping[str, str]) -> None:
        """Raise RefusedError unless the application proved who it is."""
        if secret := form.get("client_secret"):
            if secret != self.application.secret:
                raise RefusedError(
                    "invalid_client", "AADSTS7000215", "Invalid client secret provided."
                )
            return
        assertion = form.get("client_assertion", "")
        if form.get("client_assertion_type") != _ASSERTION or not assertion:
            raise RefusedError(
                "invalid_client", "AADSTS7000218", "An assertion or secret is needed."
            )
        try:
            if (
                jwt.decode_complete(assertion, options={"verify_signature": False})[
                    "payload"
                ].get("iss")
                == self.issuer.name
            ):
                self._check_federated(assertion)
            else:
                self._check_certified(assertion)
        except jwt.InvalidTokenError as exc:
            raise RefusedError("invalid_client", "AADSTS700027", str(exc)) from exc

    def _check_federated(self, assertion: str) -> None:
        claims = self.issuer.verify(assertion, EXCHANGE_AUDIENCE)
        subject = self.application.federated_subject
        if not subject or claims.get("sub") != subject:
            raise RefusedError(
                "invalid_client",
                "AADSTS700213",
                "No matching federated identity record found for presented assertion.",
            )

    def _check_certified(self, assertion: str) -> None:
        """Verify an assertion that the application signed (Learn, "Certificates")."""
        header = jwt.get_unverified_header(assertion)
        certificate = x509.load_pem_x509_certificate(
            self.application.certificate.encode()
        )
        der = certificate.public_bytes(Encoding.DER)
        prints = {
            "x5t": urlsafe_b64encode(hashlib.sha1(der).digest()),  # noqa: S324 (RFC 7515, 4.1.7)
            "x5t#S256": urlsafe_b64encode(hashlib.sha256(der).digest()),
        }
        known = [name for name, text in prints.items() if _same(header.get(name), text)]
        if not known:
            raise jwt.InvalidTokenError("The certificate is not registered.")
        claims: Mapping[str, Any] = jwt.decode(
            assertion,
            certificate.public_key(),  # type: ignore[arg-type]
            algorithms=["RS256", "PS256"],
            audience=self.token_endpoint,
            issuer=self.application.client_id,
            options={"require": ["exp", "aud", "iss", "sub", "jti"]},
        )
        if claims["sub"] != self.application.client_id:
            raise jwt.InvalidTokenError("sub is not the application.")


def _form(request: Request) -> Mapping[str, str]:
    return {name: each[-1] for name, each in parse_qs(request.body.decode()).items()}


def _same(given: object, expected: bytes) -> bool:
    return isinstance(given, str) and given.rstrip("=") == expected.decode().rstrip("=")


def _error(exc: RefusedError) -> Mapping[str, Any]:
    trace = "Trace ID: 0 Correlation ID: 0 Timestamp: 2026-11-21 12:00:00Z"
    return {
        "error": exc.code,
        "error_description": f"{exc.number}: {exc.words} {trace}",
        "error_codes": [int(exc.number.removeprefix("AADSTS"))],
    }
