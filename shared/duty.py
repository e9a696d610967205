"""What the functions do, by their names: one worker's works, sweeper and health."""

from __future__ import annotations

import json

from . import abandon, path, report, settings
from .health import Health
from .journal import quiet_others
from .sweep import Sweeper
from .works import Works, build


class Duty:
    """One worker on duty. Thread-safe; every method raises StorageError."""

    def __init__(self, works: Works) -> None:
        self._works = works
        self._sweeper = Sweeper(works)
        self._health = Health(works)

    @classmethod
    def from_environment(cls) -> Duty:
        """Read the settings and wire everything. Raises ConfigError."""
        quiet_others()
        return cls(build(settings.read()))

    def receive(self, body: bytes) -> None:
        """Handle a message of `scan-events`."""
        path.receive_event(self._works, _text(body))

    def retry(self, body: bytes) -> None:
        """Handle a message of `scan-retries`."""
        path.retry(self._works, _text(body))

    def report(self, body: bytes) -> None:
        """Handle a message of `delivery-reports`."""
        report.report(self._works, _text(body))

    def abandon_events(self, body: bytes) -> None:
        """Handle a message of `scan-events-poison`."""
        abandon.abandon_events(self._works, _text(body))

    def abandon_retries(self, body: bytes) -> None:
        """Handle a message of `scan-retries-poison`."""
        abandon.abandon_retries(self._works, _text(body))

    def abandon_reports(self, body: bytes) -> None:
        """Handle a message of `delivery-reports-poison`."""
        abandon.abandon_reports(_text(body))

    def sweep(self) -> None:
        """Do one round of the sweep."""
        self._sweeper.sweep()

    def is_healthy(self) -> bool:
        """Whether every check passed, at most 60 s ago."""
        return all(each.is_ok for each in self._health.checks())

    def health_report(self) -> str:
        """The checks as JSON."""
        return json.dumps(
            [
                {
                    "check": each.name,
                    "ok": each.is_ok,
                    "warning": each.is_warning,
                    "text": each.text,
                }
                for each in self._health.checks()
            ]
        )


def _text(body: bytes) -> str:
    """What is no UTF-8 is no event either: it is read as such, and logged."""
    return body.decode(errors="replace")
