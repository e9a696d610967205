"""directory.csv: logins, their addresses, and what is wrong in which line."""

from __future__ import annotations

import time

import pytest

from shared.directory import Directory, parse_directory
from shared.rules import RulesError

HEADER = b"login,email,name\n"
FAULTS = [
    (b"", 1, "begin the file with the line login,email,name"),
    (b"ann,ann@contoso.com,Ann\n", 1, "begin the file"),
    (b"login;email;name\nann;a@contoso.com;Ann\n", 1, "separated by ';': write commas"),
    (b"login\temail\tname\n", 1, "write commas"),
    (b"login,email\n", 1, "begin the file"),
    (HEADER + b"ann,ann@contoso.com\n", 2, "2 fields"),
    (HEADER + b"ann,ann@contoso.com,Ann,x\n", 2, "4 fields"),
    (HEADER + b"\n\nann,nobody,Ann\n", 4, "'nobody' is not an address"),
    (HEADER + b"ann,,Ann\n", 2, "is not an address"),
    (HEADER + b",ann@contoso.com,Ann\n", 2, "a login has"),
    (HEADER + b"a\tn,ann@contoso.com,Ann\n", 2, "a login has"),
    (HEADER + b'ann,ann@contoso.com,"An\nn"\n', 3, "a login has"),
    (HEADER + b"ann,a@contoso.com,A\nANN,b@contoso.com,B\n", 3, "'ANN' stands above"),
    (HEADER + b'"ann"x,a@contoso.com,A\n', 2, "not CSV"),
    (HEADER + b'"ann,a@contoso.com,A\n', 2, "not CSV"),
    (HEADER + b"ann,a@contoso.com,J\xf6rg\n", 2, "not UTF-8"),
    ("login,email,name\n".encode("utf-16"), 1, "not UTF-8"),
    (b"x" * ((16 << 20) + 1), 1, "larger than 16 MiB"),
]


def read(*lines: str) -> Directory:
    """A directory of these lines."""
    return parse_directory(HEADER + "\n".join(lines).encode())


@pytest.mark.parametrize(("text", "line", "what"), FAULTS, ids=range(len(FAULTS)))
def test_fault_is_told_with_its_line(text, line, what):
    """Which file, which line, and what to write."""
    with pytest.raises(RulesError) as caught:
        parse_directory(text)
    assert [each for each, _ in caught.value.faults] == [line]
    assert what in caught.value.faults[0][1]
    assert f"directory.csv, line {line}:" in str(caught.value)


def test_all_faults_are_told_at_once():
    """In the order of the file."""
    with pytest.raises(RulesError) as caught:
        read("a,b", "ann,ann@contoso.com,Ann", "c,d,e", "ann,x@contoso.com,X")
    assert [line for line, _ in caught.value.faults] == [2, 4, 5]


def test_many_faults_are_counted():
    """A wrong column does not print 50,000 sentences."""
    with pytest.raises(RulesError, match="and 30 more faults"):
        read(*["x,y"] * 50)


@pytest.mark.parametrize("login", ["ann", "ANN", " Ann "])
def test_login_is_found_in_any_case(login):
    """As Windows compares logins."""
    entry = read("Ann,ann@contoso.com,Ann").find(login)
    assert entry is not None
    assert entry.email == "ann@contoso.com"


def test_login_is_found_in_either_unicode_form():
    """A Mac writes folders in NFD."""
    assert read("b\u00fcro,office@contoso.com,").find("bu\u0308ro")


def test_unknown_login_finds_nobody():
    """And nobody like it."""
    assert read("ann,ann@contoso.com,Ann").find("anna") is None


def test_name_may_be_empty():
    """The column must be there."""
    assert read("ann,ann@contoso.com,").find("ann")


def test_what_spreadsheets_write_is_read():
    """Byte order mark, CRLF, quoted fields, blank lines, a header in capitals."""
    text = '\ufeffLogin,Email,Name\r\n"a,b",a@contoso.com,"Doe, ""J"""\r\n\r\n'
    entry = parse_directory(text.encode()).find("A,B")
    assert entry is not None
    assert (entry.email, entry.name) == ("a@contoso.com", 'Doe, "J"')


def test_address_is_kept_as_it_is_parsed():
    """With its domain as A-labels."""
    entry = read("ann,Ann@M\u00dcNCHEN.example,Ann").find("ann")
    assert entry is not None
    assert entry.email == "Ann@xn--mnchen-3ya.example"


def test_directory_of_50000_lines_is_read_fast():
    """It is read again whenever it changes."""
    lines = [f"user{n},user{n}@contoso.com,User {n}" for n in range(50_000)]
    begun = time.perf_counter()
    directory = read(*lines)
    assert time.perf_counter() - begun < 2
    assert len(directory.entries) == 50_000
