"""What is wrong in routes.toml is told with its line, all at once."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConfigError
from shared.rules import Rules, RulesError, parse_rules

ROUTE = '[[routes]]\nmatch = "{device}/{login}/*"\n'
FAULTS = [
    ("\n[default]\n", 2, "default: unknown key: did you mean defaults?"),
    ("defaults = 3\n", 1, "defaults: this is a table"),
    ('[defaults]\nsubjet = "x"\n', 2, "did you mean subject?"),
    ('[defaults]\nto = ["a@contoso.com"]\n', 2, "to: unknown key: write one of"),
    ("[defaults]\nsubject = 3\n", 2, "subject: write a text"),
    ('[defaults]\nsubject = "{nmae}"\n', 2, "{nmae}: did you mean name?"),
    ('[defaults]\nsubject = "{login}"\n', 2, "unknown placeholder {login}"),
    ('[defaults]\nsubject = "{name"\n', 2, "a brace without a name"),
    ('[defaults]\nfallback = "office"\n', 2, "'office' is not an address"),
    ('[defaults]\nfallback = ""\n', 2, "fallback: empty"),
    ('[defaults]\nfallback = "{name}@contoso.com"\n', 2, "unknown placeholder {name}"),
    ('[defaults]\nreply_to = "nobody"\n', 2, "or {user}"),
    ('[defaults]\nreply_to = "{usr}"\n', 2, "{usr}: did you mean user?"),
    ('[defaults]\ntimezone = "Europe/Berln"\n', 2, "such as Europe/Berlin"),
    ('[defaults]\ntimezone = "../../etc/passwd"\n', 2, "is no time zone"),
    ('[defaults]\ntimezone = "Europe"\n', 2, "is no time zone"),
    ('[defaults]\ntimezone = ""\n', 2, "is no time zone"),
    ('[defaults]\nlanguage = "fr"\n', 2, "'fr' is not known here: write one of de, en"),
    ('[defaults]\nfrom = "users"\n', 2, "did you mean user?"),
    ('[defaults]\ncc = "a@contoso.com"\n', 2, "cc: write a list"),
    ('[defaults]\ncc = [\n "a@contoso.com",\n "b",\n]\n', 4, "'b' is not an address"),
    ("[defaults]\nbcc = [3]\n", 2, "bcc: write a text"),
    ('[policy]\nexternal = ["fabrikam"]\n', 2, "'fabrikam' is no full domain"),
    ('[policy]\nexternal = ["a@fabrikam.com"]\n', 2, "write fabrikam.com"),
    ('[policy]\nexternal = ["*fabrikam.com"]\n', 2, "write fabrikam.com"),
    ('[policy]\nexternal = ["a.*.com"]\n', 2, "write fabrikam.com"),
    ('[policy]\nexternal = "*"\n', 2, "write a list"),
    ('[policy]\nexternal = [""]\n', 2, "write fabrikam.com"),
    ("[policy]\nmax_recipients = 0\n", 2, "from 1 to 250"),
    ("[policy]\nmax_recipients = 251\n", 2, "from 1 to 250"),
    ("[policy]\nmax_recipients = true\n", 2, "from 1 to 250"),
    ('[policy]\nmax_recipients = "20"\n', 2, "from 1 to 250"),
    ('[policy]\naccept = ["jpg"]\n', 2, "did you mean jpeg?"),
    ('[policy]\nincomplete = "mail"\n', 2, "write one of hold, send"),
    ('[devices."a/b"]\nname = "x"\n', 1, "the name of one folder"),
    ('[devices.mfp]\nname = " "\n', 2, "name: empty"),
    ("[devices]\nmfp = 3\n", 2, "mfp: this is a table"),
    ('[devices.mfp]\nto = ["a@contoso.com"]\n', 2, "unknown key"),
    ('[devices."b\u00fc"]\n[devices."bu\u0308"]\n', 2, "the same device stands above"),
    ("[devices.a]\n[devices.a]\n", 2, "twice"),
    ('[[routes]]\nto = ["a@contoso.com"]\n', 1, "match: missing"),
    ('[[routes]]\nmatch = ""\n', 2, "match: an empty segment"),
    ("[[routes]]\nmatch = 3\n", 2, "match: write a text"),
    ('[[routes]]\nmatch = "{device}/{a}/{a}"\n', 2, "stands there twice"),
    ('[routes]\nmatch = "**"\n', 1, "write [[routes]]"),
    ("routes = [3]\n", 1, "write [[routes]]"),
    (ROUTE + 'sidecar = "csv"\n', 3, "write one of json, xml"),
    (ROUTE + 'to = ["{lgin}@contoso.com"]\n', 3, "did you mean login?"),
    (ROUTE + 'to = ["directory:{lgin}"]\n', 3, "did you mean login?"),
    (ROUTE + 'to = ["directory:"]\n', 3, "write directory:{login}"),
    (ROUTE + 'to = ["x{login}"]\n', 3, "such as {login}@contoso.com"),
    (ROUTE + 'to = ["{login}{login}"]\n', 3, "such as {login}@contoso.com"),
    (ROUTE + 'to = ["a@contoso.com,b@contoso.com"]\n', 3, "more than one '@'"),
    (ROUTE + 'to = ["Ann <a@contoso.com>"]\n', 3, "write it bare"),
    (ROUTE + 'subject = "{logn}"\n', 3, "did you mean login?"),
    ("a = \n", 1, "Invalid value"),
    ("\n\na = '\n", 3, ""),
    ('[defaults]\nsubject = "a\n', 2, ""),
    ("a = 1\na = 2\n", 2, "Cannot overwrite a value"),
    ("a = " + "[" * 5000, 1, "nested too deeply"),
    ("a = " + "9" * 5000, 1, "digits"),
    ("#" * (256 * 1024 + 1), 1, "larger than 256 KiB"),
]


def faults(text: str | bytes) -> tuple[tuple[int, str], ...]:
    """What is wrong with a file."""
    with pytest.raises(RulesError) as caught:
        parse_rules(text.encode() if isinstance(text, str) else text)
    return caught.value.faults


@pytest.mark.parametrize(("text", "line", "what"), FAULTS, ids=range(len(FAULTS)))
def test_fault_is_told_with_its_line(text, line, what):
    """One fault, one sentence: where, what, and what to write instead."""
    found = faults(text)
    assert [each for each, _ in found] == [line]
    assert what in found[0][1]


def test_message_names_the_file_and_the_line():
    """For the log, and for `check`."""
    with pytest.raises(ConfigError, match=r"^routes\.toml, line 2: subjet: "):
        parse_rules(b'[defaults]\nsubjet = "x"\n')


def test_all_faults_are_told_at_once():
    """In the order of the file; one bad match does not hide, nor multiply, others."""
    text = (
        '[[routes]]\nmatch = "{device}/{login/*"\nto = ["{login}@contoso.com"]\n'
        '[policy]\nincomplete = "x"\n[defaults]\nlanguage = "x"\nsubject = "{a} {b}"\n'
    )
    assert [line for line, _ in faults(text)] == [2, 5, 7, 8, 8]


def test_other_encodings_are_told_with_their_line():
    """Notepad's old ANSI."""
    assert faults('[defaults]\nsubject = "B\u00fcro"\n'.encode("cp1252"))[0][0] == 2


@given(st.binary(max_size=200))
def test_any_bytes_are_rules_or_a_fault(data):
    """Nothing else is ever raised."""
    with suppress(RulesError):
        assert isinstance(parse_rules(data), Rules)


_WORDS = st.sampled_from(
    ["defaults", "policy", "devices", "routes", "match", "to", "cc", "subject", "x"]
)
_VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.text("{}a@.*/", max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_WORDS, inner, max_size=4)
    ),
    max_leaves=12,
)


def written(value) -> str:
    """A value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return str(value).lower() if not isinstance(value, str) else f"'{value}'"


@given(st.dictionaries(_WORDS, _VALUES, max_size=4))
def test_any_shape_is_rules_or_a_fault(document):
    """Wrong types at any depth are told, not stumbled over."""
    text = "\n".join(f"{key} = {written(each)}" for key, each in document.items())
    with suppress(RulesError):
        assert isinstance(parse_rules(text.encode()), Rules)
