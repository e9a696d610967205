"""The steps of docs/routing.md: the first that yields a recipient wins."""

from __future__ import annotations

import pytest

from shared.model import Reason
from tests.route.world import FALLBACK, a_scan, everybody, routed

ANN = "ann@contoso.com"
SIDECAR = '[[routes]]\nmatch = "**"\nsidecar = "json"\n'
ROUTE = '[[routes]]\nmatch = "**"\nto = ["route@contoso.com"]\n'
DEVICE = '[devices.mfp-2f]\nfallback = "device@contoso.com"\n'
NAMED = "mfp-2f/name@contoso.com.pdf"

# What is said, from the last step to the first: each beats all above it.
ORDER = [
    (FALLBACK, "mfp-2f/scan.pdf", {}, "scans@contoso.com"),
    (FALLBACK + DEVICE, "mfp-2f/scan.pdf", {}, "device@contoso.com"),
    (FALLBACK + DEVICE, NAMED, {}, "name@contoso.com"),
    (FALLBACK + DEVICE + ROUTE, NAMED, {}, "route@contoso.com"),
    (
        FALLBACK + DEVICE + SIDECAR + 'to = ["route@contoso.com"]\n',
        NAMED,
        {"sidecar": {"to": "sidecar@contoso.com"}},
        "sidecar@contoso.com",
    ),
    (
        FALLBACK + DEVICE + SIDECAR + 'to = ["route@contoso.com"]\n',
        NAMED,
        {
            "sidecar": {"to": "sidecar@contoso.com"},
            "metadata": {"to": "metadata@contoso.com"},
        },
        "metadata@contoso.com",
    ),
]


@pytest.mark.parametrize(("toml", "path", "said", "who"), ORDER)
def test_earlier_step_wins(toml, path, said, who):
    """Metadata, sidecar, route, name, device, defaults."""
    assert everybody(routed(a_scan(path, **said), toml)) == [who]


@pytest.mark.parametrize(("toml", "path", "said", "who"), ORDER)
def test_every_step_leaves_a_line(toml, path, said, who):
    """Those that found nobody, and those not asked, say why."""
    trail = routed(a_scan(path, **said), toml).trail
    starts = ["1 metadata", "2 sidecar", "3 routes", "4 names", "5 fallback"]
    assert [line.partition(":")[0] for line in trail] == [*starts, "6 result"]
    assert all(line.partition(": ")[2] for line in trail)
    assert trail[-1] == f"6 result: to {who}"


def test_nobody_found_is_held():
    """And says what to do."""
    routing = routed(a_scan())
    assert routing.reason is Reason.NO_RECIPIENT
    assert everybody(routing) == []
    assert "routes.toml" in routing.detail
    assert "--to" in routing.detail


def test_metadata_lists_are_comma_separated():
    """Blanks around the commas are nobody's."""
    routing = routed(a_scan(metadata={"to": f" {ANN} , bob@contoso.com,,"}))
    assert routing.to == (ANN, "bob@contoso.com")


@pytest.mark.parametrize("to", ["", "  ", ",", "nobody", "a@contoso.com;b@contoso.com"])
def test_metadata_without_an_address_asks_the_next_step(to):
    """Whoever looks after the fallback sees the scan."""
    routing = routed(a_scan(metadata={"to": to}), FALLBACK)
    assert routing.to == ("scans@contoso.com",)
    assert routing.refused == {}


def test_bad_address_among_good_ones_is_refused_alone():
    """The good ones get it; the row ends held, and a person looks."""
    routing = routed(a_scan(metadata={"to": f"{ANN},b@b@contoso.com"}))
    assert routing.to == (ANN,)
    assert list(routing.refused) == ["b@b@contoso.com"]
    assert routing.refused["b@b@contoso.com"].startswith("not-an-address: ")


def test_bad_addresses_alone_are_told():
    """Nobody is found, and the detail says what was meant for an address."""
    routing = routed(a_scan(metadata={"to": "office"}))
    assert routing.reason is Reason.NO_RECIPIENT
    assert "'office' is not an address" in routing.detail
    assert "'office' is not an address" in routing.trail[0]


def test_sidecar_counts_only_where_the_route_asks():
    """A file that nobody asked for names nobody."""
    scan = a_scan(sidecar={"to": ANN, "subject": "x"})
    assert routed(scan, FALLBACK).to == ("scans@contoso.com",)
    assert routed(scan, FALLBACK).subject != "x"


def test_matching_route_without_people_asks_the_next_step():
    """The first that fits is the route, even where it names nobody."""
    toml = '[[routes]]\nmatch = "**"\nsubject = "x"\n' + ROUTE + FALLBACK
    routing = routed(a_scan(), toml)
    assert routing.to == ("scans@contoso.com",)
    assert routing.subject == "x"
    assert routing.trail[2].endswith("fits and names nobody")


def test_recipient_that_ends_empty_is_nobody():
    """And the trail says so: nobody stood at the glass, as far as anybody said."""
    toml = '[[routes]]\nmatch = "**"\nto = ["{user}"]\n'
    assert routed(a_scan(), toml).trail[2].endswith("fits and names nobody")


LOGINS = '[[routes]]\nmatch = "{device}/home/{login}/*"\nto = ["directory:{login}"]\n'


@pytest.mark.parametrize("login", ["ann", "ANN"])
def test_login_is_looked_up(login):
    """directory:{login}, whatever its case."""
    routing = routed(a_scan(f"mfp-2f/home/{login}/a.pdf"), LOGINS)
    assert routing.to == ("ann.a@contoso.com",)


def test_unknown_login_asks_the_next_step():
    """And the trail says which was not found."""
    routing = routed(a_scan("mfp-2f/home/eve/a.pdf"), LOGINS + FALLBACK)
    assert routing.to == ("scans@contoso.com",)
    assert "no login 'eve'" in routing.trail[2]


def test_unknown_login_beside_others_is_refused_alone():
    """The others get it, and a person looks."""
    toml = LOGINS.replace('"]', '", "archive@contoso.com"]')
    routing = routed(a_scan("mfp-2f/home/eve/a.pdf"), toml)
    assert routing.to == ("archive@contoso.com",)
    assert list(routing.refused) == ["directory:eve"]


FILLED = [
    ("{login}@contoso.com", "mfp-2f/ann/x.pdf", "ann@contoso.com"),
    ("{login}", "mfp-2f/ann@contoso.com/x.pdf", "ann@contoso.com"),
    ("a@{login}.contoso.com", "mfp-2f/eu/x.pdf", "a@eu.contoso.com"),
    ("{device}@contoso.com", "mfp-2f/ann/x.pdf", "mfp-2f@contoso.com"),
    ("{user}@contoso.com", "mfp-2f/ann/x.pdf", "bob@contoso.com"),
]


@pytest.mark.parametrize(("to", "path", "who"), FILLED)
def test_captures_fill_recipients(to, path, who):
    """And the device's id, and who stood at the glass."""
    toml = (
        f'[[routes]]\nmatch = "{{device}}/{{login}}/*"\nto = ["{to}"]\n'
        '[policy]\nexternal = ["*"]\n[devices.mfp-2f]\nname = "2nd floor"\n'
    )
    assert routed(a_scan(path, metadata={"user": "bob"}), toml).to == (who,)


HOSTILE = [
    "a@contoso.com,b",
    "a,b",
    "a b",
    "a@contoso.com\r\nBcc: b",
    "<b>",
    "{user}",
    "directory:ann",
    '"b"',
]


@pytest.mark.parametrize("login", HOSTILE)
def test_capture_is_one_recipient_or_none(login):
    """No list, no header, no template, no lookup comes out of a folder's name."""
    toml = '[[routes]]\nmatch = "{device}/{x}/*"\nto = ["{x}@contoso.com", "{x}"]\n'
    routing = routed(a_scan(f"mfp-2f/{login}/a.pdf", metadata={"user": "u"}), toml)
    assert everybody(routing) in ([], ["{user}@contoso.com"])


def test_user_of_the_path_beats_user_of_the_metadata_in_its_route():
    """What `match` captures fills the route's own texts and people."""
    toml = (
        '[[routes]]\nmatch = "{device}/{user}/*"\nto = ["{user}@contoso.com"]\n'
        'subject = "{user}"\n'
    )
    routing = routed(a_scan("mfp-2f/ann/a.pdf", metadata={"user": "bob"}), toml)
    assert (routing.to, routing.subject) == ((ANN,), "ann")


NAMES = [
    ("mfp-2f/ann@contoso.com.pdf", [ANN]),
    ("mfp-2f/scan ann@contoso.com.pdf", [ANN]),
    ("mfp-2f/scan (ann@contoso.com).pdf", [ANN]),
    ("mfp-2f/[ann@contoso.com]{bob@contoso.com}.pdf", [ANN, "bob@contoso.com"]),
    ("mfp-2f/ann@contoso.com,bob@contoso.com;x.pdf", [ANN, "bob@contoso.com"]),
    ("mfp-2f/<ann@contoso.com>.pdf", [ANN]),
    ("mfp-2f/ann@contoso.com/scan.pdf", [ANN]),
    ("mfp-2f/a/ann@contoso.com/b/scan.pdf", [ANN]),
    ("ann@contoso.com/scan.pdf", [ANN]),
    ("mfp-2f/ann@contoso.com/bob@contoso.com.pdf", [ANN, "bob@contoso.com"]),
    ("mfp-2f/ann@contoso.com/ANN@contoso.com.pdf", [ANN]),
    ("ann@contoso.com.pdf", [ANN]),
    ("mfp-2f/ann@contoso.com", [ANN]),
    ("mfp-2f/to ann@contoso.com/scan.pdf", []),
    ("mfp-2f/ann@contoso.com_0001.pdf", []),
    ("mfp-2f/ann@contoso.com.pdf/scan.pdf", []),
    ("mfp-2f/ann@contoso.pdf", []),
    ("mfp-2f/x-ann@contoso.com\u202e.pdf", []),
    ("mfp-2f/ann@contoso.com\r\nbob@contoso.com.pdf", []),
    ("mfp-2f/ann%40contoso.com.pdf", []),
]


@pytest.mark.parametrize(("path", "people"), NAMES)
def test_address_in_the_path_is_a_whole_folder_or_a_part_of_the_name(path, people):
    """Parts stand between blanks, commas, semicolons or brackets."""
    assert everybody(routed(a_scan(path))) == people


def test_extension_is_no_part_of_an_address():
    """Where anybody outside may receive, `ann@contoso.pdf` is nobody all the same."""
    routing = routed(a_scan("mfp-2f/ann@contoso.pdf"), '[policy]\nexternal = ["*"]\n')
    assert routing.reason is Reason.NO_RECIPIENT


@pytest.mark.parametrize("name", ["ann@contoso.com.mx", "ann@fabrikam.co.uk"])
def test_name_without_extension_is_not_cut_to_another_domain(name):
    """Where the address ends cannot be known: neither reading is taken."""
    routing = routed(a_scan(f"mfp-2f/{name}"), FALLBACK + '[policy]\nexternal=["*"]\n')
    assert everybody(routing) == ["scans@contoso.com"]
    assert any("not known where the address" in line for line in routing.trail)


def test_fallback_may_look_somebody_up():
    """And where nobody is found there, the next fallback holds."""
    device = '[devices.mfp-2f]\nfallback = "directory:{user}"\n'
    known, unknown = (a_scan(metadata={"user": who}) for who in ("ann", "eve"))
    assert routed(known, FALLBACK + device).to == ("ann.a@contoso.com",)
    assert routed(unknown, FALLBACK + device).to == ("scans@contoso.com",)


def test_fallback_of_the_matching_route_comes_first():
    """It is any key of [defaults], for the scans of that route."""
    toml = '[[routes]]\nmatch = "**"\nfallback = "route@contoso.com"\n'
    assert routed(a_scan(), FALLBACK + DEVICE + toml).to == ("route@contoso.com",)


def test_assigned_people_replace_all_others():
    """No step is asked, and there are no copies."""
    toml = ROUTE + '[defaults]\ncc = ["boss@contoso.com"]\n'
    scan = a_scan(metadata={"to": "bob@contoso.com", "subject": "x"})
    routing = routed(scan, toml, assigned=(ANN, "ANN@contoso.com"))
    assert everybody(routing) == [ANN]
    assert routing.subject == "x"
    assert routing.trail[0] == f"an operator assigned: {ANN}"
