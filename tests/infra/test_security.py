"""What a security reviewer asks, asked of every resource of every set."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

from tests.infra import sets, template, values, walk
from tests.infra.sets import APPS, SETS
from tests.infra.template import INFRA
from tests.infra.values import Made
from tests.infra.versions import NEWEST, UNTAGGED

FILES = template.load()
RESOURCES = [it for file in FILES.values() for it in file.resources.values()]
STORAGE = "Microsoft.Storage/storageAccounts"
TOPICS = "Microsoft.EventGrid/systemTopics"
# Functions of Bicep that hand out keys.
TELLTALE = re.compile(r"list\w*|getSecret|reference", re.ASCII)
SECRET = re.compile(
    r"AccountKey=|SharedAccess|accesskey=|sig=|BEGIN [A-Z ]*PRIVATE", re.IGNORECASE
)
HELD_BACK = re.compile(r"(?!MAIL_CLIENT_ID).*(PASSWORD|SECRET|CERTIFICATE|CONNECTION)")
# On Flex Consumption each is ignored, or stops a deployment: "site configuration
# property (Site.SiteConfig.FtpsState) for Flex Consumption sites is invalid".
FORBIDDEN = {
    *("FUNCTIONS_MAX_HTTP_CONCURRENCY", "FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED"),
    *("FUNCTIONS_WORKER_PROCESS_COUNT", "WEBSITE_DNS_SERVER"),
    *("ENABLE_ORYX_BUILD", "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME"),
    *("FUNCTIONS_WORKER_RUNTIME_VERSION", "SCM_DO_BUILD_DURING_DEPLOYMENT", "TZ"),
    *("WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_CONTENTSHARE"),
    *("WEBSITE_CONTENTOVERVNET", "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT"),
    *("WEBSITE_LOAD_CERTIFICATES", "WEBSITE_MOUNT_ENABLED", "WEBSITE_NODE_DEFAULT"),
    *("WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_SKIP_CONTENTSHARE_VALIDATION"),
    *("WEBSITE_TIME_ZONE", "WEBSITE_USE_PLACEHOLDER", "WEBSITE_VNET_ROUTE_ALL"),
    *("AzureWebJobsStorage", "APPINSIGHTS_INSTRUMENTATIONKEY"),
}
FORBIDDEN_SITE = {"linuxFxVersion", "alwaysOn", "netFrameworkVersion", "pythonVersion"}
FORBIDDEN_SITE |= {"functionAppScaleLimit", "containerSize", "use32BitWorkerProcess"}
FORBIDDEN_SITE |= {"ftpsState", "functionsRuntimeScaleMonitoringEnabled"}
FORBIDDEN_SITE |= {"preWarmedInstanceCount", "windowsFxVersion", "javaVersion"}
FORBIDDEN_SITE |= {"powerShellVersion", "nodeVersion", "phpVersion", "isReserved"}
FORBIDDEN_SITE |= {"isXenon", "vnetRouteAllEnabled", "vnetContentShareEnabled"}
FORBIDDEN_SITE |= {"vnetImagePullEnabled", "vnetBackupRestoreEnabled"}


@cache
def made(name: str) -> list[Made]:
    """What a set makes."""
    return sets.made(name)


def of(kind: str, name: str) -> list[Made]:
    """The resources of a type."""
    return [it for it in made(name) if it.type == kind]


def app(name: str) -> dict[str, Any]:
    """The properties of the function app."""
    (it,) = of(APPS, name)
    found: dict[str, Any] = it.body["properties"]
    return found


@pytest.mark.parametrize("name", SETS)
def test_storage_has_no_keys_and_no_public_blobs(name):
    """Entra signs everybody in; HTTPS only."""
    accounts = of(STORAGE, name)
    assert len(accounts) == 2
    for it in accounts:
        told = it.body["properties"]
        assert told["allowSharedKeyAccess"] is False
        assert told["allowBlobPublicAccess"] is False
        assert told["allowCrossTenantReplication"] is False
        assert told["defaultToOAuthAuthentication"] is True
        assert told["supportsHttpsTrafficOnly"] is True
    for it in of(f"{STORAGE}/blobServices/containers", name):
        assert it.body["properties"]["publicAccess"] == "None"


@pytest.mark.parametrize("name", SETS)
def test_printers_have_no_password(name):
    """SFTP users sign in with ssh keys, have a home each and cannot delete.

    They can read: opening a folder of the container wants it (Learn, "SFTP support").
    """
    for it in of(f"{STORAGE}/localUsers", name):
        told = it.body["properties"]
        assert told["hasSharedKey"] is False
        assert told["hasSshPassword"] is False
        assert told["sshAuthorizedKeys"]
        user = it.name.rpartition("/")[2]
        assert told["homeDirectory"] == f"scans/{user}"
        for scope in told["permissionScopes"]:
            assert scope["resourceName"] == "scans"
            assert set(scope["permissions"]) <= {*"rcwl"}


@pytest.mark.parametrize("name", SETS)
def test_tls_is_1_2_or_newer(name):
    """Wherever a resource names a version of it."""
    found = [
        (it.name, path, value)
        for it in made(name)
        for path, value in walk.leaves(it.body)
        if "tls" in path.lower() and "version" in path.lower()
    ]
    assert len(found) >= 4
    for where, path, value in found:
        assert value in {"TLS1_2", "TLS1_3", "1.2", "1.3"}, (where, path)


@pytest.mark.parametrize("name", SETS)
def test_the_app_takes_https_and_entra_only(name):
    """No publishing password, nor one for FTP, which the plan lacks; no debugger."""
    told = app(name)
    assert told["httpsOnly"] is True
    assert told["siteConfig"]["remoteDebuggingEnabled"] is False
    policies = of(f"{APPS}/basicPublishingCredentialsPolicies", name)
    found = {
        it.name.rpartition("/")[2]: it.body["properties"]["allow"] for it in policies
    }
    assert found == {"ftp": False, "scm": False}


@pytest.mark.parametrize("name", SETS)
def test_telemetry_is_signed_in_by_entra(name):
    """The instrumentation key opens nothing."""
    (component,) = of("Microsoft.Insights/components", name)
    assert component.body["properties"]["DisableLocalAuth"] is True
    (workspace,) = of("Microsoft.OperationalInsights/workspaces", name)
    assert workspace.body["properties"]["features"]["disableLocalAuth"] is True
    pairs = app(name)["siteConfig"]["appSettings"]
    told = {pair["name"]: pair["value"] for pair in pairs}
    sign_in = told["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]
    assert sign_in.endswith("Authorization=AAD")


@pytest.mark.parametrize("name", SETS)
def test_vault_is_opened_by_roles_and_not_lost(name):
    """Where there is one."""
    for it in of("Microsoft.KeyVault/vaults", name):
        told = it.body["properties"]
        assert told["enableRbacAuthorization"] is True
        assert told["enablePurgeProtection"] is True
        assert "accessPolicies" not in told


@pytest.mark.parametrize("file", FILES.values(), ids=lambda it: it.path.name)
def test_no_file_asks_for_keys(file):
    """Neither by function nor by a parameter that would carry one."""
    assert not [it for it in walk.calls(file) if TELLTALE.fullmatch(it)]
    for parameter in file.parameters.values():
        assert "secure" not in {it.name for it in parameter.decorators}
    for output in file.outputs.values():
        assert "secure" not in {it.name for it in output.decorators}


@pytest.mark.parametrize("name", SETS)
def test_no_secret_in_settings(name):
    """A setting that holds one refers to Key Vault, or names the vault."""
    for pair in app(name)["siteConfig"]["appSettings"]:
        assert not SECRET.search(str(pair["value"]))
        is_key = pair["name"] == "APPLICATIONINSIGHTS_CONNECTION_STRING"
        if HELD_BACK.fullmatch(pair["name"]) and not is_key:
            value = str(pair["value"])
            assert value.startswith(("@Microsoft.KeyVault(SecretUri=https://", "https"))
            assert ".vault.azure.net/" in value


@pytest.mark.parametrize("name", SETS)
def test_no_secret_in_outputs(name):
    """They end up in the deployment's history, and in azd's environment."""
    deployment = values.deploy(sets.parameters(name))
    for output in deployment.file.outputs:
        told = str(deployment.output(output))
        assert not SECRET.search(told), output
        assert "InstrumentationKey" not in told
        assert "ConnectionString" not in told


@pytest.mark.parametrize("name", SETS)
def test_no_secret_in_any_resource(name):
    """Wherever a text stands."""
    for it in made(name):
        for path, value in walk.leaves(it.body):
            assert not SECRET.search(str(value)), (it.name, path)


@pytest.mark.parametrize("name", SETS)
def test_identities_are_managed(name):
    """The app's is user-assigned, the topics' system-assigned; others have none.

    Behind a storage firewall Event Grid cannot deliver with a user-assigned one.
    """
    wanted = {APPS: "UserAssigned", TOPICS: "SystemAssigned"}
    for it in made(name):
        identity = it.body.get("identity", {})
        assert identity.get("type") == wanted.get(it.type), it.name


@pytest.mark.parametrize("name", SETS)
def test_events_are_delivered_with_that_identity(name):
    """A plain destination would use the account's key, which is off."""
    subscriptions = of(f"{TOPICS}/eventSubscriptions", name)
    assert subscriptions
    for it in subscriptions:
        told = it.body["properties"]
        assert "destination" not in told
        assert "deadLetterDestination" not in told
        for part in ("deliveryWithResourceIdentity", "deadLetterWithResourceIdentity"):
            assert told[part]["identity"] == {"type": "SystemAssigned"}


@pytest.mark.parametrize("name", SETS)
def test_what_takes_tags_has_the_environment_s(name):
    """So that azd, and the bill, find it."""
    wanted = values.deploy(sets.parameters(name)).parameters["environmentName"]
    for it in made(name):
        if it.type not in UNTAGGED:
            assert it.body["tags"]["azd-env-name"] == wanted, it.name
        else:
            assert "tags" not in it.body


@pytest.mark.parametrize("resource", RESOURCES, ids=str)
def test_api_version_is_the_newest_stable(resource):
    """Or a comment at the file's head, or beside the resource, says why not."""
    near = {1, 2, 3, *range(resource.line - 3, resource.end + 1)}
    remarks = [text for line, text in FILES[resource.file].comments if line in near]
    reasons = [it for it in remarks if it.startswith("The API is")]
    newest = NEWEST[resource.type]
    assert resource.api_version == newest or any(newest in it for it in reasons)


def test_the_list_of_versions_is_kept():
    """It names what is used and nothing else; and agrees with the table, if there."""
    assert set(NEWEST) == {it.type for it in RESOURCES}
    table = INFRA.parent.parent / "shared/tools/bicep-check/api-versions.md"
    if table.exists():
        rows = re.findall(r"^\| ([\w./]+) \| (\S+) \|", table.read_text(), re.MULTILINE)
        newer = {
            kind: version
            for kind, version in rows
            if kind in NEWEST and NEWEST[kind] != version
        }
        assert newer == {}


@pytest.mark.parametrize("name", SETS)
def test_no_setting_that_the_plan_forbids(name):
    """Flex Consumption has its own place for each."""
    told = app(name)
    assert not {it["name"] for it in told["siteConfig"]["appSettings"]} & FORBIDDEN
    assert not {*told, *told["siteConfig"]} & FORBIDDEN_SITE
    (plan,) = of("Microsoft.Web/serverfarms", name)
    assert plan.body["sku"] == {"name": "FC1", "tier": "FlexConsumption"}


def test_a_closed_network_is_closed():
    """Only trusted services, private endpoints and named addresses come through."""
    for it in [
        *of(STORAGE, "everything"),
        *of("Microsoft.KeyVault/vaults", "everything"),
    ]:
        told = it.body["properties"]["networkAcls"]
        assert (told["defaultAction"], told["bypass"]) == ("Deny", "AzureServices")
    targets = [
        link["properties"]["groupIds"][0]
        for it in of("Microsoft.Network/privateEndpoints", "everything")
        for link in it.body["properties"]["privateLinkServiceConnections"]
    ]
    assert sorted(targets) == ["blob", "blob", "queue", "table", "vault"]
