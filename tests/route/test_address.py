"""What an address is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.address import (
    AddressError,
    domain_of,
    key_of,
    parse_address,
    parse_domain,
)

GOOD = [
    ("office@contoso.com", "office@contoso.com"),
    ("Jane.Doe@Contoso.COM", "Jane.Doe@contoso.com"),
    ("o'hara+scan_1@contoso.com", "o'hara+scan_1@contoso.com"),
    ("!#$%&'*+/=?^_`{|}~-@contoso.com", "!#$%&'*+/=?^_`{|}~-@contoso.com"),
    ("a@münchen.example", "a@xn--mnchen-3ya.example"),
    ("a@mu\u0308nchen.example", "a@xn--mnchen-3ya.example"),
    ("a@MÜNCHEN.example", "a@xn--mnchen-3ya.example"),
    ("a@straße.example", "a@xn--strae-oqa.example"),
    ("a@例え.example", "a@xn--r8jz45g.example"),
    ("a@xn--mnchen-3ya.example", "a@xn--mnchen-3ya.example"),
    ("a@contoso\u3002com", "a@contoso.com"),
    (f"{'a' * 64}@contoso.com", f"{'a' * 64}@contoso.com"),
    ("1@2.example", "1@2.example"),
]

BAD = [
    ("", "no '@'"),
    ("office", "no '@'"),
    ("@contoso.com", "nothing stands before"),
    ("office@", "no domain"),
    ("office@contoso", "no full domain"),
    ("office@localhost", "no full domain"),
    ("office@10.0.0.1", "no full domain"),
    ("office@[10.0.0.1]", "no domain"),
    ("office@contoso.com.", "no domain"),
    ("office@.contoso.com", "no domain"),
    ("office@contoso..com", "no domain"),
    ("office@-contoso.com", "no domain"),
    ("office@con_toso.com", "no domain"),
    ("office@ab--cd.example", "no domain"),
    ("office@xn--a.example", "no domain"),
    ("office@i\u2764.example", "no domain"),
    (f"office@{'a' * 64}.example", "no domain"),
    ("office@contoso.com>", "no domain"),
    ("office@contoso.com,b@contoso.com", "more than one '@'"),
    ("office@contoso.com b@contoso.com", "more than one '@'"),
    ("a@b@contoso.com", "more than one '@'"),
    ("Office <office@contoso.com>", "write it bare"),
    ("<office@contoso.com>", "write it bare"),
    ('"off ice"@contoso.com', "quoted"),
    ('"office@contoso.com', "quoted"),
    ("office(x)@contoso.com", "must not stand"),
    ("mailto:office@contoso.com", "must not stand"),
    (" office@contoso.com", "must not stand"),
    ("off ice@contoso.com", "must not stand"),
    ("off,ice@contoso.com", "must not stand"),
    ("off\0ice@contoso.com", "must not stand"),
    ("off\r\nice@contoso.com", "must not stand"),
    (".office@contoso.com", "no neighbour"),
    ("office.@contoso.com", "no neighbour"),
    ("off..ice@contoso.com", "no neighbour"),
    ("büro@contoso.com", "only ASCII"),
    ("\u202eoffice@contoso.com", "only ASCII"),
    ("office\uff20contoso.com", "no '@'"),
    ("office@contoso.com ", "invisible"),
    ("office@contoso.com\n", "invisible"),
    ("office@contoso.com\r\nBcc: x", "invisible"),
    ("office@con\u00adtoso.com", "invisible"),
    ("office@con\u200btoso.com", "invisible"),
    ("office@con\ufe0ftoso.com", "invisible"),
    ("office@\u202econtoso.com", "invisible"),
    ("office@contoso.com\ud800", "invisible"),
    (f"{'a' * 65}@contoso.com", "64 characters"),
    (f"a@{'b.' * 126}example", "longer than 254"),
]


@pytest.mark.parametrize(("text", "address"), GOOD)
def test_address_is_read(text, address):
    """Dot-string, '@', domain; the domain comes back as lower-case A-labels."""
    assert parse_address(text) == address


@pytest.mark.parametrize(("text", "why"), BAD)
def test_anything_else_is_refused_in_plain_words(text, why):
    """No quoting, no literal, no name, nothing invisible, nothing around it."""
    with pytest.raises(AddressError, match=why):
        parse_address(text)


@pytest.mark.parametrize(("text", "why"), BAD)
def test_refusal_can_be_printed(text, why):
    """A hostile value shows as what it is: escaped, and cut."""
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert str(caught.value).isprintable(), why
    assert len(str(caught.value)) < 500


def test_long_u_label_is_refused_by_its_length_on_the_wire():
    """254 octets count after the domain became ASCII."""
    domain = ".".join(["例え漢字" * 3] * 15) + ".example"
    assert len(f"a@{domain}") < 254
    with pytest.raises(AddressError, match=r"is no domain \(Domain too long\)"):
        parse_address(f"a@{domain}")


def test_whole_address_counts_after_its_domain_became_ascii():
    """64 before the `@` leave 189 behind it."""
    local, label = "a" * 64, "例え漢字" * 3
    wide = ".".join([label] * 6) + ".example"
    assert len(parse_address(f"a@{wide}")) > 180
    assert len(f"{local}@{wide}") < 254
    with pytest.raises(AddressError, match="longer than 254 octets"):
        parse_address(f"{local}@{wide}")


@pytest.mark.parametrize("label", ["a", "ü"])
def test_long_domain_is_refused_before_anything_is_made_of_it(label):
    """253 characters, in either alphabet."""
    with pytest.raises(AddressError, match="too long for a domain"):
        parse_domain(f"{label}." * 200 + "example")


@pytest.mark.parametrize("text", ["contoso.com", "Contoso.COM", "CONTOSO.com"])
def test_domain_is_read_in_any_case(text):
    """Domains have no case (RFC 4343)."""
    assert parse_domain(text) == "contoso.com"


@pytest.mark.parametrize("text", ["", "contoso", "*.contoso.com", "a@b.example", "x y"])
def test_what_is_no_domain_is_refused(text):
    """Settings and policy take whole domains only."""
    with pytest.raises(AddressError):
        parse_domain(text)


def test_domain_of_is_what_follows_the_at():
    """Of an address that was parsed."""
    assert domain_of("office@contoso.com") == "contoso.com"


def test_spellings_of_one_mailbox_share_a_key():
    """Case does not make another person."""
    assert key_of("Jane.Doe@contoso.com") == key_of("jane.doe@contoso.com")


def test_directory_of_addresses_is_read_fast():
    """50,000 in well under a second."""
    texts = [f"user{n}.name@contoso.com" for n in range(50_000)]
    begun = time.perf_counter()
    for text in texts:
        parse_address(text)
    assert time.perf_counter() - begun < 1


@given(st.text(max_size=300))
def test_any_text_is_an_address_or_refused(text):
    """What comes back is ASCII without blanks, and reads as itself."""
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert address.isascii()
    assert address.isprintable()
    assert " " not in address
    assert address.count("@") == 1
    assert parse_address(address) == address


_LABELS = st.text("abcxyz019-éüß漢", min_size=1, max_size=12)


@given(st.from_regex(r"\A[a-z0-9.+]{1,20}\Z"), st.lists(_LABELS, max_size=4))
def test_reading_twice_changes_nothing(local, labels):
    """A parsed address is its own spelling."""
    try:
        address = parse_address(f"{local}@{'.'.join(labels)}")
    except AddressError:
        return
    assert parse_address(address) == address
    assert domain_of(address) == domain_of(address).lower()
