"""The log line: parseable, and silent about people."""

from __future__ import annotations

import logging

import pytest

from shared.journal import line, masked_text, quiet_others
from tests.makers import NOON

VALUES = [
    ("plain", "v=plain"),
    ("two words", 'v="two words"'),
    ('say "x"', "v=\"say 'x'\""),
    ("a=b", 'v="a=b"'),
    ("a\r\nevent=forged", 'v="a event=forged"'),
    (5, "v=5"),
    (12.7, "v=13"),
    (NOON, "v=2026-11-21T12:00:00Z"),
]


@pytest.mark.parametrize(("value", "shown"), VALUES)
def test_values_stand_as_parse_kv_reads_them(value, shown):
    """Blanks are quoted; a quote or a line end cannot break the line."""
    assert line("x", {"v": value}) == f"event=x {shown}"


def test_fields_without_a_value_are_left_out():
    """The line says what there is to say."""
    assert line("x", {"a": None, "b": "", "c": 0}) == "event=x c=0"


@pytest.mark.parametrize(
    "text", ["550 <jane@contoso.com>: no", "jane@contoso.com", "to=jane@contoso.com,x"]
)
def test_addresses_are_masked_wherever_they_stand(text):
    """A server's answer may quote people; the log does not."""
    assert "jane@" not in masked_text(text)
    assert "j***@contoso.com" in masked_text(text)


def test_libraries_do_not_log_requests():
    """Nothing of the Azure SDK's own loggers at INFO."""
    quiet_others()
    name = "azure.core.pipeline.policies.http_logging_policy"
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)
