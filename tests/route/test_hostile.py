"""Hostile paths reach only those whom they may reach, and no header."""

from __future__ import annotations

import pytest

from shared.compose import compose
from shared.model import Reason
from shared.plan import Order, make_plan
from shared.route import is_sidecar, route
from shared.rules import parse_rules
from tests.makers import a_row
from tests.route.hostile import PATHS, RULES
from tests.route.world import PEOPLE, SIDES, a_scan, everybody

HOSTILE_RULES = parse_rules(RULES.encode())


def test_there_are_200_of_them():
    """And each once."""
    assert len({path for path, _ in PATHS}) == len(PATHS) >= 200


@pytest.mark.parametrize(("path", "people"), PATHS, ids=range(len(PATHS)))
def test_hostile_path_reaches_only_whom_it_may(path, people):
    """A mail to them, or held with a plain reason; never a crash."""
    routing = route(a_scan(path), HOSTILE_RULES, PEOPLE, SIDES)
    assert everybody(routing) == people
    assert (routing.reason is None) == bool(people)
    if not people:
        assert routing.reason in {
            Reason.NO_RECIPIENT,
            Reason.NOT_ALLOWED,
            Reason.TOO_MANY_RECIPIENTS,
        }
        assert routing.detail.isprintable()


@pytest.mark.parametrize(("path", "people"), PATHS, ids=range(len(PATHS)))
def test_hostile_path_never_reaches_a_header(path, people):
    """No control character in anything that a mail is made of, or the trail."""
    routing = route(a_scan(path), HOSTILE_RULES, PEOPLE, SIDES)
    order = Order(attachment=path.rpartition("/")[2])
    texts = [routing.detail, *routing.trail]
    mails = make_plan(a_scan(path), routing, SIDES, order) if people else ()
    for mail in mails:
        message = compose(a_row(path=path), mail, shows_name=True)
        assert message.recipients == tuple(people)
        texts += [message.subject, message.from_name, message.reply_to]
        texts += [message.attachment, *message.recipients]
    assert not any(ord(char) < 32 or ord(char) == 127 for char in "".join(texts))


@pytest.mark.parametrize(("path", "people"), PATHS, ids=range(len(PATHS)))
def test_hostile_path_in_metadata_is_no_list_and_no_template(path, people):
    """The same texts as a subject, a name and a reply address stay texts."""
    said = {"to": "ann@contoso.com", "subject": path, "name": path, "reply_to": path}
    routing = route(a_scan(metadata=said), HOSTILE_RULES, PEOPLE, SIDES)
    assert everybody(routing) == ["ann@contoso.com"], people
    assert "\n" not in routing.subject
    assert "," not in routing.reply_to


@pytest.mark.parametrize("path", [path for path, _ in PATHS[:40]], ids=range(40))
def test_hostile_path_is_no_sidecar(path):
    """Where no route asks for one."""
    assert not is_sidecar(f"{path}.json", "mfp", HOSTILE_RULES)
