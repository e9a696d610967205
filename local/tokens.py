"""Tokens of the Entra stand-in: JWTs (RFC 7519) that its peers can verify.

`Issuer` signs, `Issuer.verify` raises `jwt.InvalidTokenError` for what it did not sign,
or what has ended, or is meant for somebody else.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

KEY_ID = "scanpost-local"
LIFETIME_SECONDS = 3599


class Issuer:
    """One tenant's signing key. Thread-safe."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.name = f"https://login.microsoftonline.com/{tenant}/v2.0"
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def issue(
        self,
        audience: str,
        claims: Mapping[str, str],
        lifetime_seconds: float = LIFETIME_SECONDS,
    ) -> str:
        """Sign a token."""
        now = time.time()
        payload = {
            "aud": audience.rstrip("/"),
            "iss": self.name,
            "tid": self.tenant,
            "iat": int(now),
            "nbf": int(now) - 5,
            "exp": int(now + lifetime_seconds),
            "uti": uuid.uuid4().hex,
            **claims,
        }
        return jwt.encode(payload, self._key, "RS256", headers={"kid": KEY_ID})

    def verify(self, token: str, audience: str) -> Mapping[str, Any]:
        """Return a token's claims. Raises jwt.InvalidTokenError."""
        claims: Mapping[str, Any] = jwt.decode(
            token,
            self._key.public_key(),
            algorithms=["RS256"],
            audience=audience.rstrip("/"),
            issuer=self.name,
            options={"require": ["exp", "aud", "iss"]},
        )
        return claims

    def keys(self) -> Mapping[str, Any]:
        """The public key, as a JSON Web Key Set (RFC 7517)."""
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}
