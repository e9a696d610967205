"""After `azd provision`: printers that deliver by SFTP have a home to sign in to."""

from __future__ import annotations

import shlex

from shared.names import is_system
from tests.infra.fakes.options import parse


def homes(office):
    """What lies in `scans`."""
    client = office.blobs.get_container_client("scans")
    return [each.name for each in client.list_blobs()]


def test_each_printer_has_a_home(site, office):
    """A home that is not there keeps its printer out; a second run changes nothing."""
    ran = site.run("postprovision", SFTP_USERS="mfp2f,mfp3f")
    assert ran.status == 0
    assert ran.says("ok  the folder of printer mfp2f is made")
    assert homes(office) == ["mfp2f/.home", "mfp3f/.home"]
    again = site.run("postprovision", SFTP_USERS="mfp2f,mfp3f,mfp4f")
    assert again.status == 0
    assert again.says("ok  the folder of printer mfp2f is there")
    assert again.says("ok  the folder of printer mfp4f is made")


def test_nobody_by_sftp_makes_none(site, office):
    """The path stays as it is."""
    assert not site.run("postprovision", SFTP_USERS="").says("the folder of")
    assert homes(office) == []


def test_what_makes_a_home_is_never_a_scan(site, office):
    """The product passes it over by its name."""
    site.run("postprovision", SFTP_USERS="mfp2f")
    assert [is_system(name) for name in homes(office)] == [True]


def test_a_closed_network_gets_the_command(site, office):
    """One that `az` takes, and nothing is tried."""
    ran = site.run("postprovision", SFTP_USERS="mfp2f", NETWORK_CLOSED="true")
    assert ran.status == 0
    assert ran.says("NO  the folder of printer mfp2f is not made")
    (line,) = [each for each in ran.out.splitlines() if "mfp2f/.home" in each]
    _, given = parse(shlex.split(line)[1:])
    assert given["--container-name"] == ["scans"]
    assert homes(office) == []


def test_a_refusal_is_a_failure(site):
    """Printers would be kept out, and nobody would know why."""
    site.bench.know(refusals=99)
    ran = site.run("postprovision", SFTP_USERS="mfp2f")
    assert ran.status == 1
    assert ran.says("NO  the folder of printer mfp2f is not made: ")
