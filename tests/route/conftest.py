"""How hypothesis runs here."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no fault of the code; speed has tests of its own.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
