"""Events: which blob they mean, and which of them mean nothing to us."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import receive
from shared.receive import IgnoredError, read_event
from tests.makers import an_event, text

TAKEN = ["PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose", "SftpCommit"]
RENAMES = ["RenameFile", "SftpRename"]
NOT_TAKEN = ["SftpCreate", "SftpWrite", "CreateFile", "CreateDirectory", "", "PutPage"]


def cloud_event(event):
    """The same event as CloudEvents 1.0."""
    return {
        "specversion": "1.0",
        "type": event["eventType"],
        "source": event["topic"],
        "subject": event["subject"],
        "id": event["id"],
        "time": event["eventTime"],
        "data": event["data"],
    }


@pytest.mark.parametrize("shape", [dict, cloud_event, lambda event: [event]])
@pytest.mark.parametrize("api", TAKEN)
def test_finished_write_is_taken_in_either_schema(shape, api):
    """Event Grid schema, CloudEvents and a list of one say the same."""
    event = read_event(text(shape(an_event(api=api))))
    assert event.candidates == ("mfp-2f/scan.pdf",)
    assert (event.api, event.etag) == (api, "0x8DE28F5A1B2C3D4")
    assert event.when is not None


@pytest.mark.parametrize("api", NOT_TAKEN)
def test_unfinished_write_is_ignored_with_a_reason(api):
    """What does not finish a file is no scan yet."""
    with pytest.raises(IgnoredError, match="nothing was finished"):
        read_event(text(an_event(api=api)))


@pytest.mark.parametrize("api", RENAMES)
def test_rename_means_its_destination_and_no_etag(api):
    """A renamed file is looked for under its new name."""
    event = an_event("mfp/new.pdf", api=api, destinationUrl="https://a/scans/mfp/z.pdf")
    read = read_event(text(event))
    assert read.candidates == ("mfp/new.pdf", "mfp/z.pdf")
    assert read.etag == ""


NAMES = ["a b+c.pdf", "100%.pdf", "a%20b.pdf", "ä/ö.pdf", "📄 扫描.pdf", "x" * 1024]


@pytest.mark.parametrize("name", NAMES)
def test_subject_is_taken_as_it_stands(name):
    """The subject's name is not decoded: `%20` may be part of it."""
    event = an_event(name)
    event["data"]["url"] = "https://a.blob.core.windows.net/other/x"
    assert read_event(text(event)).candidates == (name,)


def test_url_is_the_second_candidate_and_is_decoded():
    """Where no blob has the subject's name, the URL's is tried."""
    event = an_event("a%20b.pdf", url="http://127.0.0.1:10000/acc/scans/a%20b%2Bc.pdf")
    assert read_event(text(event)).candidates == ("a%20b.pdf", "a b+c.pdf")


def test_replacement_character_in_the_subject_leaves_the_url():
    """A name that was mangled on the way cannot be the blob's."""
    event = an_event("m\ufffdller.pdf", url="https://a/scans/m%C3%BCller.pdf")
    assert read_event(text(event)).candidates == ("müller.pdf",)


@pytest.mark.parametrize("api", ["SftpCommit", "SftpRename"])
def test_sftp_identity_is_the_device(api):
    """The local user who signed in by SFTP is the printer."""
    event = read_event(text(an_event(api=api, identity="mfp-3f")))
    assert receive.device_of("mfp-2f/x.pdf", event.identity, {}) == "mfp-3f"


def test_identity_of_other_protocols_is_not_the_device():
    """Whoever else has an identity is not a printer."""
    assert read_event(text(an_event(identity="someone"))).identity == ""


def test_device_of_metadata_comes_before_the_folder():
    """The edge agent may name the device."""
    assert receive.device_of("a/x.pdf", "", {"device": "lobby"}) == "lobby"
    assert receive.device_of("a/x.pdf", "", {}) == "a"
    assert receive.device_of("x.pdf", "", {}) == "unknown"


MALFORMED = [
    *("", "{", "[]", "[1,2]", "null", "5", '"x"', "{}", '{"data": 1}'),
    *('{"data": {}, "subject": 5}', "[" * 20_000, '{"a":' * 20_000),
    json.dumps({"data": {"api": {}}, "subject": f"{receive.SUBJECT}x"}),
]


@pytest.mark.parametrize("body", MALFORMED)
def test_malformed_event_is_ignored(body):
    """Nonsense ends in a log line, never in a crash."""
    with pytest.raises(IgnoredError, match="malformed"):
        read_event(body)


@pytest.mark.parametrize("name", ["../held/x", "a/../../held/x", "", "a/./b"])
def test_traversal_is_no_name(name):
    """A name that leads out of the container is nobody's."""
    with pytest.raises(IgnoredError, match="no blob can have that name"):
        read_event(text(an_event(name)))


def test_other_container_is_ignored():
    """Only `scans` holds scans."""
    event = an_event()
    event["subject"] = "/blobServices/default/containers/held/blobs/x.pdf"
    with pytest.raises(IgnoredError, match="not in container"):
        read_event(text(event))


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["data", "subject", "api", "url", "eventTime", "identity"]
                ),
                x,
            )
        ),
    )
)
def test_any_json_is_read_or_ignored(value):
    """No JSON whatever makes reading an event fail otherwise."""
    try:
        candidates = read_event(json.dumps(value)).candidates
    except IgnoredError:
        return
    assert candidates


@pytest.mark.parametrize(
    ("name", "size", "why"),
    [
        ("a/.x.pdf", 5, "a system's own file"),
        ("a/x.pdf.tmp", 5, "a temporary name: its writer is not done"),
        ("a/x.pdf", 0, "zero bytes"),
        ("a/x.pdf", 1, ""),
    ],
)
def test_ignored_file_says_why(name, size, why):
    """System files, temporary names and empty files are no scans."""
    assert receive.why_ignored(name, size) == why


def test_metadata_is_percent_decoded_and_unknown_keys_are_dropped():
    """Only the keys of the contract mean something."""
    metadata = {"to": "a%40b.de", "subject": "%C3%9C", "x": "y", "cc": " "}
    assert receive.known_metadata(metadata) == {"to": "a@b.de", "subject": "Ü"}


@pytest.mark.parametrize("value", ["%zz", "%ff%fe", "100%", "%"])
def test_metadata_that_is_no_valid_encoding_is_read_all_the_same(value):
    """A bad escape is no crash; what it spoils is not an address any more."""
    assert receive.known_metadata({"to": value})["to"]
