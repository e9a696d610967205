"""After `azd deploy`: the test scan, through the product itself."""

from __future__ import annotations

import json
import shlex
import threading

import pytest

from shared import path
from shared.errors import AuthRefusedError
from shared.model import Kind
from shared.whole import judge
from tests.infra.fakes.options import parse
from tests.makers import an_event


class Worker(threading.Thread):
    """Takes up whatever comes into `scans`, as the functions would."""

    def __init__(self, office):
        super().__init__(daemon=True)
        self.office = office
        self.names: list[str] = []
        self.done = threading.Event()

    def run(self):
        """Look until it is told to stop."""
        scans = self.office.blobs.get_container_client("scans")
        while not self.done.wait(0.05):
            for blob in scans.list_blobs():
                if blob.name not in self.names:
                    self.names.append(blob.name)
                    event = an_event(blob.name, eTag=blob.etag)
                    path.receive_event(self.office.works, json.dumps(event))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()


def test_a_test_scan_is_mailed_and_its_story_told(site, office):
    """From the upload to the mail, by the product's own path."""
    with Worker(office) as worker:
        ran = site.run("postdeploy", HOOK_TRIES="50", HOOK_PAUSE_SECONDS="0.1")
    assert ran.status == 0, ran.out
    assert ran.says("ok  a test scan for ops@contoso.com is in storage", "sent by hve")
    (mail,) = office.inside.taken
    assert list(mail.message.to) == ["ops@contoso.com"]
    assert worker.names[0].startswith("scanpost-test/test-")
    verdict = judge(Kind.PDF, mail.file)
    assert (verdict.is_whole, verdict.pages) == (True, 1)


def test_the_pdf_s_offsets_are_true(site, office):
    """Each object stands where the table says, and the table where the end says."""
    with Worker(office):
        site.run("postdeploy", HOOK_TRIES="50", HOOK_PAUSE_SECONDS="0.1")
    data = office.inside.taken[0].file
    start = int(data.split()[-2])
    assert data[start : start + 4] == b"xref"
    for number in range(1, 5):
        place = int(data[start:].split(b"\n")[2 + number][:10])
        assert data[place:].startswith(b"%d 0 obj" % number)
    text = data.split(b"stream\n")[1].split(b"\nendstream")[0]
    assert b"/Length %d>>" % len(text) in data


def test_without_an_operators_mailbox_the_fallback_gets_it(site, office):
    """Somebody of the deployment must see it."""
    with Worker(office):
        ran = site.run("postdeploy", OPS_MAILBOX="", HOOK_TRIES="50")
    assert ran.says("office@contoso.com")


def test_mail_that_waits_for_exchange_fails_nothing(site, office):
    """The story says what to do; azd goes on."""
    office.inside.script = [AuthRefusedError("535 5.7.3 unsuccessful")] * 9
    with Worker(office):
        ran = site.run("postdeploy", HOOK_TRIES="50", HOOK_PAUSE_SECONDS="0.1")
    assert ran.status == 0
    assert ran.says("NO  it waits: sign-in-refused, by hve", "535 5.7.3")
    assert ran.says("pwsh infra/exchange/exchange.ps1", "scan 20")


def test_a_held_scan_is_a_failure_with_its_reason(site, office):
    """The policy allows nobody outside."""
    with Worker(office):
        ran = site.run("postdeploy", OPS_MAILBOX="ops@elsewhere.com", HOOK_TRIES="50")
    assert ran.status == 1
    assert ran.says("NO  it is held: not-allowed", "[policy] external")


def test_a_scan_that_nobody_takes_up_is_a_failure(site):
    """The waiting ends, and says where to look."""
    ran = site.run("postdeploy")
    assert ran.status == 1
    assert ran.says("nothing took the test scan up yet", "azd monitor --logs")
    assert len(site.bench.calls("az", "storage", "entity", "query")) == 3


def test_a_refused_upload_is_a_failure(site, office):
    """Storage does not know the role."""
    site.bench.know(refusals=99)
    ran = site.run("postdeploy")
    assert ran.status == 1
    assert ran.says("did not get into storage", "azd hooks run postdeploy")
    assert office.names("scans") == []


def test_a_role_that_counts_later_for_the_ledger_is_waited_for(site, office):
    """Blob and table roles do not begin to count together."""
    site.bench.know(refusals=2)
    with Worker(office):
        ran = site.run("postdeploy", HOOK_TRIES="50", HOOK_PAUSE_SECONDS="0.1")
    assert ran.status == 0


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"TEST_SCAN": "false"}, "TEST_SCAN is false"),
        ({"OPS_MAILBOX": "", "UNMATCHED_RECIPIENT": ""}, "nobody is named"),
        ({"OPS_MAILBOX": "$(x)@y", "UNMATCHED_RECIPIENT": "'"}, "nobody is named"),
        ({"MAIL_CLIENT_ID": ""}, "mail waits for Exchange"),
    ],
)
def test_where_none_can_be_sent_nothing_is_asked(site, changes, word):
    """It says why, and fails nothing."""
    ran = site.run("postdeploy", **changes)
    assert ran.status == 0
    assert ran.says(word)
    assert not site.bench.calls("az")


@pytest.mark.parametrize("way", ["closed", "no az", "signed out"])
def test_where_storage_cannot_be_asked_the_command_is_printed(site, way):
    """It is whole: the stand-in takes it."""
    if way == "no az":
        site.without("az")
    site.bench.know(signed_in=way != "signed out")
    ran = site.run("postdeploy", NETWORK_CLOSED=str(way == "closed").lower())
    assert ran.status == 0
    (line,) = [each for each in ran.out.splitlines() if "az storage" in each]
    name, given = parse(shlex.split(line)[1:])
    assert name == ("storage", "blob", "upload")
    assert given["--metadata"] == ["to=ops@contoso.com"]
    assert given["--container-name"] == ["scans"]
    assert not site.bench.calls("az", "storage")
