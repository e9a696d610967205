"""A person's sign-in to send by: begun with a device code, kept in a store, renewed.

`ask` gives tokens, as `xoauth2.Application` does; `tend` keeps the sign-in from dying
of disuse; `Entry` is how a person comes in. Raises the `TransientError`s of `entra` and
of the store, each with a hint. What is kept never shows in an error or a `repr`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared import journal
from shared.errors import AuthRefusedError, ForwardError, TransientError

from .base import Clock, Patience
from .clouds import cloud_of
from .entra import AGAIN, UNKNOWN, Http, crossing, refusal
from .token_store import Store
from .xoauth2 import Answer, Config, authority

if TYPE_CHECKING:
    from msal import (  # type: ignore[import-untyped]
        PublicClientApplication,
        SerializableTokenCache,
    )

VERSION = 1
LIFE = timedelta(days=90)
"""Of a refresh token that nobody uses (Learn, "Refresh tokens")."""
KEPT = timedelta(days=1)
"""How long one that still works stays in the store before a newer one replaces it."""
WARNING = timedelta(days=14)
PAUSE = timedelta(hours=1)
"""Between attempts to keep a sign-in alive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What the store holds."""

    when: datetime
    """When the sign-in was last used and kept; it dies `LIFE` after that."""
    account: str
    """Who signed in."""
    cache: Mapping[str, Any] = field(repr=False)
    """MSAL's, without access tokens: they end within the hour."""

    @classmethod
    def of(cls, text: str) -> Saved:
        """Read it. Raises AuthRefusedError where there is none."""
        if not text.strip():
            raise AuthRefusedError("nobody has signed in to send mail", hint=AGAIN)
        try:
            return cls._parsed(text)
        except (ValueError, LookupError, TypeError):
            # Without its cause: that would quote what the store holds.
            raise AuthRefusedError(
                "TOKEN_STORE holds no sign-in of ours", hint=AGAIN
            ) from None

    @classmethod
    def _parsed(cls, text: str) -> Saved:
        whole = json.loads(text)
        if whole["version"] != VERSION:
            raise ValueError("it is of another version")
        when = datetime.fromisoformat(whole["saved"]).astimezone(UTC)
        return cls(when=when, account=whole["account"], cache=dict(whole["cache"]))

    def __str__(self) -> str:
        whole = {
            "version": VERSION,
            "saved": self.when.isoformat(),
            "account": self.account,
            "cache": self.cache,
        }
        return json.dumps(whole)

    def days_left(self, now: datetime) -> int:
        """Whole days until it dies of disuse."""
        return max(0, (self.when + LIFE - now).days)


class Delegated:
    """One person's sign-in, shared by all who have the store. Thread-safe."""

    def __init__(
        self,
        config: Config,
        store: Store,
        clock: Clock,
        patience: Patience,
        smtp_host: str = "",
    ) -> None:
        """Make it; nothing is read yet. Raises ConfigError."""
        self._client_id = config.mail_client_id
        self._authority = authority(config)
        cloud = cloud_of(config.azure_authority_host, smtp_host)
        self._scopes = [cloud.delegated_scope]
        self._store = store
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        self._seen: Saved | None = None
        """What the store held last, as far as we know."""
        self._tended: datetime | None = None

    @property
    def account(self) -> str:
        """Who signed in; empty while that was not looked up."""
        return self._seen.account if self._seen else ""

    def ask(self) -> Answer:
        """Ask Entra for a token, and keep what it gives to ask with the next time."""
        with self._lock:
            return self._renew(self._read())

    def _read(self) -> Saved:
        self._seen = saved = Saved.of(self._store.read())
        return saved

    def _renew(self, saved: Saved) -> Answer:
        # Read each time: another worker, or a person, may have renewed it.
        line = _Line(self._client_id, self._authority, self._patience)
        with line.open():
            line.cache.deserialize(json.dumps(saved.cache))
            known = line.app.get_accounts()
            answer: Answer | None = line.app.acquire_token_silent_with_error(
                self._scopes, known[0] if known else None, force_refresh=True
            )
            if answer is None:
                raise AuthRefusedError(
                    "the sign-in kept is for another application or cloud", hint=AGAIN
                )
            if "access_token" not in answer:
                raise line.refusal(answer)
        if self._clock() - saved.when >= KEPT:
            self._keep(saved, line.kept)
        return answer

    def _keep(self, before: Saved, cache: Mapping[str, Any]) -> None:
        """Write it down; where that fails, the mail goes all the same."""
        newer = replace(before, when=self._clock(), cache=cache)
        try:
            # Whoever came in between, another worker or a person, has a newer one.
            if self._read() == before:
                self._store.write(str(newer))
                self._seen = newer
        except TransientError as exc:
            journal.warn("token-not-kept", {"account": before.account, "why": str(exc)})

    def tend(self) -> None:
        """Keep the sign-in alive where no mail does; to be called now and then.

        Asks nobody more than once an hour, and Entra once a day. Does not raise.
        """
        now = self._clock()
        with self._lock:
            if self._tended and now - self._tended < PAUSE:
                return
            self._tended = now
            why = ""
            try:
                saved = self._read()
                if now - saved.when >= KEPT:
                    self._renew(saved)
            except TransientError as exc:
                why = str(exc)
        if self.warning():
            days = self._seen.days_left(now) if self._seen else 0
            journal.warn(
                "token-dies", {"account": self.account, "days": days, "why": why}
            )
        elif why:
            journal.warn("token-not-renewed", {"account": self.account, "why": why})

    def warning(self) -> str:
        """Say that it dies within two weeks; empty where it does not."""
        saved, now = self._seen, self._clock()
        if not saved or saved.when + LIFE - now > WARNING:
            return ""
        days = saved.days_left(now)
        return f"the sign-in of {saved.account} dies of disuse in {days} days; {AGAIN}"


class Entry:
    """A person's way in: a code to type on a page. For one thread."""

    def __init__(
        self, config: Config, store: Store, patience: Patience, smtp_host: str = ""
    ) -> None:
        """Make it; nothing is asked yet. Raises ConfigError."""
        self._store = store
        self._line = _Line(config.mail_client_id, authority(config), patience)
        cloud = cloud_of(config.azure_authority_host, smtp_host)
        self._scopes = [cloud.delegated_scope]
        self._flow: dict[str, Any] = {}

    def begin(self) -> str:
        """Ask for a code; returns what the person is to do, in Entra's words."""
        # A store that cannot be read is better known before anybody types.
        self._store.read()
        line = self._line
        with line.open():
            self._flow = line.app.initiate_device_flow(self._scopes)
            if "user_code" not in self._flow:
                raise line.refusal(self._flow)
        return str(self._flow["message"])

    def wait(self, clock: Clock) -> str:
        """Wait until the person is in, and keep the sign-in; returns who it is."""
        line = self._line
        with line.open():
            answer = line.app.acquire_token_by_device_flow(self._flow)
            if "access_token" not in answer:
                raise line.refusal(answer)
            account = str(line.app.get_accounts()[0]["username"])
        kept = Saved(when=clock(), account=account, cache=line.kept)
        self._store.write(str(kept))
        return account


class _Line:
    """MSAL's application for people, with a cache; its errors cross here."""

    def __init__(self, client_id: str, where: str, patience: Patience) -> None:
        self._client_id = client_id
        self._authority = where
        self._http = Http(patience)
        self._made: tuple[PublicClientApplication, SerializableTokenCache] | None = None

    @property
    def app(self) -> PublicClientApplication:
        """The application; made when it is first needed, for that asks Entra."""
        return self._both[0]

    @property
    def cache(self) -> SerializableTokenCache:
        """Its cache."""
        return self._both[1]

    @property
    def _both(self) -> tuple[PublicClientApplication, SerializableTokenCache]:
        # Imported here: whoever signs in otherwise need not pay for it.
        from msal import PublicClientApplication, SerializableTokenCache

        if self._made is None:
            cache = SerializableTokenCache()
            app = PublicClientApplication(
                self._client_id,
                authority=self._authority,
                token_cache=cache,
                # A private cloud's authority is as good as the public one's.
                instance_discovery=False,
                http_client=self._http,
            )
            self._made = app, cache
        return self._made

    @property
    def kept(self) -> Mapping[str, Any]:
        """The cache as it is kept."""
        whole: dict[str, Any] = json.loads(self.cache.serialize())
        whole.pop("AccessToken", None)
        return whole

    @contextmanager
    def open(self) -> Iterator[None]:
        """Speak to Entra, and hang up: the next time is in an hour."""
        with crossing(self._http), closing(self._http):
            yield

    def refusal(self, answer: Mapping[str, Any]) -> ForwardError:
        """Choose the error for an answer without a token."""
        error = refusal(answer, self._http)
        is_over = answer.get("error") in {"invalid_grant", "interaction_required"}
        if not is_over or AGAIN in error.hint:
            return error
        hint = AGAIN if error.hint == UNKNOWN else f"{error.hint}; then {AGAIN}"
        return AuthRefusedError(error.what, hint=hint)
