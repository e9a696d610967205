"""The templates make what the code uses: nothing is named twice, nothing forgotten."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from typing import Any

import pytest

from edge import office
from shared import heartbeats, outlook, receive, report, rulebook, settings, settle
from shared import transports as registry
from shared.stores import account, queues
from tests.infra import sets, template, values
from tests.infra.sets import APPS, ROLES, SETS
from tests.infra.template import INFRA, ROOT
from tests.infra.values import Made

STORAGE = "Microsoft.Storage/storageAccounts"
KINDS = ("queueServices/queues", "blobServices/containers", "tableServices/tables")
# What the host reads, not the code: docs/settings.md leaves it out.
OF_THE_HOST = re.compile(r"AzureWebJobsStorage__\w+|APPLICATIONINSIGHTS_\w+")
OTHERS = {"PYTHON_THREADPOOL_THREAD_COUNT", "SSL_CERT_FILE"}
"""Read by the platform; the page has a row for each."""
WORDS = {"SMTP_PRESET": "ses", "SMTP_TLS": "tls"}
"""Where not every text is a value."""


@cache
def made(name: str) -> list[Made]:
    """What a set makes."""
    return sets.made(name)


def names(kind: str, name: str) -> set[str]:
    """The last names of the scan account's things of a type."""
    found = [it.name for it in made(name) if it.type == f"{STORAGE}/{kind}"]
    return {each.rpartition("/")[2] for each in found if each.startswith("scan")}


def app_settings(found: list[Made]) -> dict[str, str]:
    """The settings of the app."""
    (app,) = [it for it in found if it.type == APPS]
    pairs = app.body["properties"]["siteConfig"]["appSettings"]
    return {pair["name"]: pair["value"] for pair in pairs}


def triggers() -> dict[str, str]:
    """The queue of each function that has one, as function_app.py decorates it."""
    tree = ast.parse((ROOT / "function_app.py").read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for node in tree.body:
        for each in getattr(node, "decorator_list", []):
            if isinstance(node, ast.FunctionDef) and "queue_trigger" in ast.dump(each):
                found[node.name] = each.args[1].value
    return found


def code_settings() -> set[str]:
    """What the code reads."""
    known = set(settings.names()) - {"SCAN_STORAGE"}
    for name in registry.registered():
        known |= set(registry.config_fields(name))
    return known | OTHERS


def documented() -> set[str]:
    """What docs/settings.md has a row for."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    found = {name for it in cells for name in re.findall(r"`([A-Z_]{4,}\w*)`", it)}
    return found - {"SCAN_STORAGE"}


def fields(kind: str) -> set[str]:
    """The keys of the settings' type, or the words of a union."""
    text = template.read(INFRA / "settings.bicep").types[kind]
    pairs = re.findall(r"^ *([A-Z][A-Z_]+):|'([A-Z][A-Z_]+)'", text, re.MULTILINE)
    return {key or word for key, word in pairs}


def given() -> dict[str, str]:
    """An answer to everything, as azd's environment."""
    file = template.read(INFRA / "main.bicepparam")
    wanted = fields("settingsType") | fields("vaultSettingType")
    environ = {name: WORDS.get(name, f"value of {name}") for name in wanted}
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        environ[f"SCAN_{name}"] = f"value of {name}"
    environ |= {"IN_VAULT": ",".join(fields("vaultSettingType"))}
    environ |= {"INTERNAL_DOMAINS": "contoso.com", "OPS_MAILBOX": "it@contoso.com"}
    assert file.using == "main.bicep"
    return environ


def test_every_setting_can_be_given_and_arrives():
    """From azd's environment through the parameters into the app, under its name."""
    environ = given()
    deployment = values.deploy(INFRA / "main.bicepparam", environ)
    told = app_settings(list(deployment.made()))
    assert {it for it in told if not OF_THE_HOST.fullmatch(it)} == documented()
    for name in fields("settingsType"):
        assert told[name] == WORDS.get(name, f"value of {name}")


def test_settings_are_those_of_the_code():
    """The page's, which the templates are held against above."""
    storage = {it for it in documented() if it.startswith("SCAN_STORAGE__")}
    assert documented() - storage == code_settings()
    assert {it.removeprefix("SCAN_STORAGE__") for it in storage} == {
        *("blobServiceUri", "queueServiceUri", "tableServiceUri"),
        *("credential", "clientId"),
    }


@pytest.mark.parametrize("name", SETS)
def test_the_code_takes_the_settings(name):
    """A set deploys an app that starts."""
    told = app_settings(made(name))
    read = settings.read({key: str(value) for key, value in told.items()})
    ways = {*read.internal_transport, *read.external_transport}
    deployment = values.deploy(sets.parameters(name))
    chosen = {*deployment.parameters.get("internalTransport", ["hve"])}
    chosen |= {*deployment.parameters.get("externalTransport", [])}
    assert ways == chosen - {"none"}


def test_transports_can_all_be_chosen():
    """The type's words are the registry's; the outbox, which mails nobody, aside."""
    text = template.read(INFRA / "types.bicep").types["transportType"]
    words = set(re.findall(r"'(\w+)'", text))
    assert words == {*registry.registered(), "none"} - {"outbox"}


@pytest.mark.parametrize("name", SETS)
def test_queues_are_those_of_the_triggers(name):
    """And each that the code writes to is one of them."""
    assert names("queueServices/queues", name) == set(triggers().values())
    assert {queues.EVENTS, queues.RETRIES, queues.REPORTS} <= set(triggers().values())


@pytest.mark.parametrize("name", SETS)
def test_containers_are_those_of_the_code(name):
    """Each by the constant of the module that uses it."""
    used = {receive.CONTAINER, settle.SCANS, settle.HELD, settle.SENT}
    used |= {rulebook.CONFIG, heartbeats.CONTAINER, office.HEARTBEATS}
    used |= {outlook.DEADLETTER}
    assert names("blobServices/containers", name) == used


@pytest.mark.parametrize("name", SETS)
def test_table_is_the_ledger(name):
    """There is one."""
    assert names("tableServices/tables", name) == {account.LEDGER}


@pytest.mark.parametrize("name", SETS)
def test_the_app_may_use_what_it_names(name):
    """A role on each queue, container and table, and on nothing besides."""
    granted = {
        it.scope.removeprefix(f"{STORAGE}/")
        for it in made(name)
        if it.type == ROLES
        and str(it.body["properties"]["principalId"]).startswith("identity.")
    }
    for kind in KINDS:
        scopes = {it for it in granted if it.startswith(kind)}
        assert {it.rpartition("/")[2] for it in scopes} == names(kind, name)
        granted -= scopes
    whole = {it for it in granted if not it.startswith("Microsoft.")}
    assert [it[:4] for it in whole] == ["host"]


def filters(name: str) -> dict[str, dict[str, Any]]:
    """The event subscriptions of a set, by name."""
    found = [it for it in made(name) if it.type.endswith("/eventSubscriptions")]
    return {it.name.rpartition("/")[2]: it.body["properties"] for it in found}


@pytest.mark.parametrize("name", SETS)
def test_events_are_those_that_the_code_takes(name):
    """By `data.api` and container: a filter without renames would drop every rename."""
    told = filters(name)[queues.EVENTS]
    (chosen,) = told["filter"]["advancedFilters"]
    assert (chosen["key"], chosen["operatorType"]) == ("data.api", "StringIn")
    assert set(chosen["values"]) == receive.WRITTEN | receive.RENAMED
    assert len(chosen["values"]) == len(set(chosen["values"]))
    assert told["filter"]["subjectBeginsWith"] == receive.SUBJECT
    assert set(told["filter"]["includedEventTypes"]) == {
        "Microsoft.Storage.BlobCreated",
        "Microsoft.Storage.BlobRenamed",
    }


@pytest.mark.parametrize("name", ["typical", "everything"])
def test_reports_are_those_that_the_code_takes(name):
    """With mail by Azure; without, nobody reports."""
    told = filters(name)[queues.REPORTS]
    assert told["filter"]["includedEventTypes"] == [report.TYPE]
    assert set(filters("smallest")) == {queues.EVENTS}


@pytest.mark.parametrize("name", SETS)
def test_events_reach_their_functions(name):
    """Each subscription's queue has a trigger; what fails lies in `deadletter`."""
    for queue, told in filters(name).items():
        ends = told["deliveryWithResourceIdentity"]["destination"]["properties"]
        assert ends["queueName"] == queue
        assert queue in triggers().values()
        dead = told["deadLetterWithResourceIdentity"]["deadLetterDestination"]
        assert dead["properties"]["blobContainerName"] == outlook.DEADLETTER
        assert told["retryPolicy"] == {
            "maxDeliveryAttempts": 30,
            "eventTimeToLiveInMinutes": 1440,
        }


def test_the_app_is_the_one_that_is_tested():
    """Python's version, the functions kept warm, the path of the health check."""
    (app,) = [it for it in made("everything") if it.type == APPS]
    told = app.body["properties"]["functionAppConfig"]
    version = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    assert told["runtime"] == {"name": "python", "version": version}
    door = (ROOT / "function_app.py").read_text(encoding="utf-8")
    for each in told["scaleAndConcurrency"]["alwaysReady"]:
        assert f"def {each['name'].removeprefix('function:')}(" in door
    path = app.body["properties"]["siteConfig"]["healthCheckPath"]
    assert f'@app.route("{path.removeprefix("/api/")}"' in door


def test_threads_are_as_many_as_messages():
    """Of host.json: with fewer, messages would wait in a worker, leased."""
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    told = host["extensions"]["queues"]
    count = told["batchSize"] + told["newBatchThreshold"]
    assert app_settings(made("smallest"))["PYTHON_THREADPOOL_THREAD_COUNT"] == str(
        count
    )
