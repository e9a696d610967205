"""People's part of the Entra stand-in: device codes (RFC 8628), and refresh tokens.

A person is an address. Tests and the page approve or decline a code in a person's name,
and can revoke or age what a person was given.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .tokens import Issuer

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_GRANT = "refresh_token"
CODE_SECONDS = 900
DISUSE_SECONDS = 90 * 86400.0
"""How long a refresh token lives; a new one comes with each use (Learn)."""
_OIDC = frozenset({"openid", "profile", "offline_access"})


class RefusedError(Exception):
    """Entra's error: a code of OAuth and one of its own."""

    def __init__(self, code: str, number: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.number = number
        self.words = words


@dataclass(frozen=True, slots=True)
class _Code:
    """A device code on its way to a person."""

    user_code: str
    scope: str
    ends: float
    account: str = ""
    """Who approved it; empty: nobody yet."""
    is_declined: bool = False
    polled: float = 0.0


@dataclass(frozen=True, slots=True)
class _Grant:
    """A refresh token that was given."""

    account: str
    given: float
    is_revoked: bool = False


class People:
    """Who signed in, and with what. Thread-safe."""

    def __init__(
        self, issuer: Issuer, client_id: str, consented: frozenset[str]
    ) -> None:
        self.interval_seconds = 5
        """What a device must wait between two questions."""
        self.code_seconds: float = CODE_SECONDS
        self._issuer = issuer
        self._client_id = client_id
        self._consented = consented
        self._lock = threading.Lock()
        self._codes: dict[str, _Code] = {}
        self._grants: dict[str, _Grant] = {}

    @property
    def waiting(self) -> tuple[str, ...]:
        """The codes that a person can type in."""
        with self._lock:
            return tuple(
                each.user_code
                for each in self._codes.values()
                if not each.account and not each.is_declined
            )

    def approve(self, user_code: str, account: str) -> None:
        """Sign in as a person, and let the device in. Raises KeyError."""
        self._settle(user_code, account=account)

    def decline(self, user_code: str) -> None:
        """Do not let the device in. Raises KeyError."""
        self._settle(user_code, is_declined=True)

    def _settle(self, user_code: str, **change: Any) -> None:
        with self._lock:
            codes = {each.user_code: name for name, each in self._codes.items()}
            name = codes[user_code]
            self._codes[name] = replace(self._codes[name], **change)

    def revoke(self, account: str) -> None:
        """Change a person's password: what was given before is worth nothing."""
        self._change(account, is_revoked=True)

    def age(self, account: str, days: float) -> None:
        """Let a person's refresh tokens lie unused for so long."""
        with self._lock:
            for token, grant in self._grants.items():
                if grant.account == account:
                    given = grant.given - days * 86400
                    self._grants[token] = replace(grant, given=given)

    def _change(self, account: str, **change: Any) -> None:
        with self._lock:
            for token, grant in self._grants.items():
                if grant.account == account:
                    self._grants[token] = replace(grant, **change)

    def forget(self) -> None:
        """Forget every code and every person."""
        with self._lock:
            self._codes.clear()
            self._grants.clear()
        self.interval_seconds, self.code_seconds = 5, CODE_SECONDS

    def begin(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        """Give a device its code, and a person what to type."""
        self._check_scope(form.get("scope", ""))
        letters = "BCDFGHJKLMNPQRSTVWXZ"
        user_code = "".join(secrets.choice(letters) for _ in range(9))
        device_code = secrets.token_urlsafe(32)
        with self._lock:
            ends = time.time() + self.code_seconds
            self._codes[device_code] = _Code(user_code, form["scope"], ends)
        address = "https://login.microsoft.com/device"
        return {
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": address,
            "expires_in": int(self.code_seconds),
            "interval": self.interval_seconds,
            "message": "To sign in, use a web browser to open the page "
            f"{address} and enter the code {user_code} to authenticate.",
        }

    def _check_scope(self, text: str) -> str:
        """Find the resource that is asked for. Raises RefusedError."""
        if not self._consented:
            raise RefusedError(
                "invalid_client",
                "AADSTS7000218",
                "The request body must contain client_assertion or client_secret.",
            )
        asked = [each for each in text.split() if each not in _OIDC]
        if len(asked) != 1 or not asked[0].startswith("https://"):
            raise RefusedError("invalid_scope", "AADSTS70011", "The scope is invalid.")
        if asked[0] not in self._consented:
            raise RefusedError(
                "invalid_grant",
                "AADSTS65001",
                "The user or administrator has not consented to use the application.",
            )
        return asked[0]

    def token(self, form: Mapping[str, str], lifetime: float) -> Mapping[str, Any]:
        """Redeem a code or a refresh token. Raises RefusedError."""
        if form["grant_type"] == DEVICE_GRANT:
            account, scope = self._of_code(form.get("device_code", ""))
        else:
            account = self._of_refresh_token(form.get("refresh_token", ""))
            scope = form.get("scope", "")
        return self._given(account, scope, lifetime, form.get("client_info") == "1")

    def _of_code(self, device_code: str) -> tuple[str, str]:
        now = time.time()
        with self._lock:
            code = self._codes.get(device_code)
            if not code:
                raise RefusedError(
                    "bad_verification_code", "AADSTS70018", "The code is not known."
                )
            self._codes[device_code] = replace(code, polled=now)
            if code.is_declined:
                raise RefusedError(
                    "authorization_declined", "AADSTS65004", "The user declined."
                )
            if code.ends <= now:
                raise RefusedError(
                    "expired_token", "AADSTS70019", "The verification code expired."
                )
            if now - code.polled < self.interval_seconds - 1:
                raise RefusedError("slow_down", "AADSTS70016", "Too many questions.")
            if not code.account:
                raise RefusedError(
                    "authorization_pending",
                    "AADSTS70016",
                    "The device code is still waiting for its authorization.",
                )
            # A code is good for one sign-in.
            del self._codes[device_code]
            return code.account, code.scope

    def _of_refresh_token(self, token: str) -> str:
        with self._lock:
            grant = self._grants.get(token)
        if not grant:
            raise RefusedError("invalid_grant", "AADSTS9002313", "Invalid request.")
        if grant.is_revoked:
            raise RefusedError(
                "invalid_grant",
                "AADSTS50173",
                "The provided grant has expired due to it being revoked.",
            )
        if time.time() - grant.given > DISUSE_SECONDS:
            raise RefusedError(
                "invalid_grant",
                "AADSTS700082",
                "The refresh token has expired due to inactivity.",
            )
        return grant.account

    def _given(
        self, account: str, text: str, lifetime: float, has_info: bool
    ) -> Mapping[str, Any]:
        scope = self._check_scope(text)
        resource, _, name = scope.rpartition("/")
        who = {"oid": f"oid-{account}", "preferred_username": account}
        claims = {**who, "upn": account, "scp": name, "appid": self._client_id}
        answer: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": scope,
            "expires_in": int(lifetime),
            "access_token": self._issuer.issue(resource, claims, lifetime),
        }
        if "offline_access" in text.split():
            # The one before stays good until its own end: many machines may have it.
            token = answer["refresh_token"] = secrets.token_urlsafe(64)
            with self._lock:
                self._grants[token] = _Grant(account, time.time())
        if "openid" in text.split():
            id_claims = {**who, "sub": f"sub-{account}", "ver": "2.0"}
            answer["id_token"] = self._issuer.issue(self._client_id, id_claims)
        if has_info:
            info = {"uid": who["oid"], "utid": self._issuer.tenant}
            octets = urlsafe_b64encode(json.dumps(info).encode())
            answer["client_info"] = octets.decode().rstrip("=")
        return answer
