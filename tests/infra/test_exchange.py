"""The script for Exchange, read by PowerShell's grammar: nothing here can run it.

It changes nothing unasked, knows only what Microsoft documents, and undoes what it did.
"""

from __future__ import annotations

import re

import pytest

from tests.infra import powershell
from tests.infra.cmdlets import EXCHANGE, GRAPH_PATHS, POWERSHELL, PROGRAMS
from tests.infra.fakes import ROOT
from tests.infra.fakes.options import parse

SCRIPT = ROOT / "infra" / "exchange" / "exchange.ps1"
TEXT = SCRIPT.read_text(encoding="utf-8")
EVERY = sorted((ROOT / "infra").rglob("*.ps1"))
COMMANDS = powershell.commands(TEXT)
OWN = set(re.findall(r"^function ([\w-]+)", TEXT, re.MULTILINE))
CHANGES = re.compile(
    r"(New|Set|Add|Remove|Enable|Disable|Update)-|Invoke-Graph (post|patch|put|delete)"
    r"|& azd env set"
)
HARMLESS = {"Set-StrictMode", "Set-Deployment", "Remove-Item"}
"""The session; a function that asks by itself; files for the length of a call."""
AUTOMATIC = {"_", "null", "true", "false", "lastexitcode", "psscriptroot", "pwd"}
AUTOMATIC |= {"pscmdlet", "whatifpreference"}
"""Variables that PowerShell sets."""
LEFT_TO_A_PERSON = {
    *("Set-Mailbox", "Add-RecipientPermission", "Format-List", "Read-Host"),
}
"""Of docs/transports.md: larger mails, who may send as whom, a password to type."""


def named(path):
    """A script as the project speaks of it."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", EVERY, ids=named)
def test_a_script_is_powershell(path):
    """The grammar reads all of it."""
    assert powershell.faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", EVERY, ids=named)
def test_every_variable_is_set_somewhere(path):
    """A misspelt name would be an error only when its line runs."""
    texts = [path.read_text(encoding="utf-8")]
    if "azure.ps1" in texts[0]:
        texts.append((path.parent / "azure.ps1").read_text(encoding="utf-8"))
    known = AUTOMATIC.union(*map(powershell.assigned, texts))
    assert powershell.variables(texts[0]) - known == set()


@pytest.mark.parametrize("path", EVERY, ids=named)
def test_own_functions_get_what_they_take(path):
    """No more arguments than parameters, and no parameter of another name."""
    texts = [path.read_text(encoding="utf-8")]
    if "azure.ps1" in texts[0]:
        texts.append((path.parent / "azure.ps1").read_text(encoding="utf-8"))
    declared = powershell.signatures(texts[0]) | powershell.signatures(texts[-1])
    for call in powershell.commands(texts[0]):
        if call.name in declared:
            takes = [name.lower() for name in declared[call.name]]
            given = {each.removeprefix("-") for each in call.parameters}
            assert given <= set(takes), call.text
            assert call.arguments <= len(takes), call.text


def test_the_grammar_would_find_a_fault():
    """A brace that nobody closes, and a word in the wrong place."""
    assert powershell.faults("function A { if (1) { Get-B }")
    assert powershell.faults("if (1) Get-B }")


def test_every_change_stands_behind_what_if():
    """Inside an `if` that asks Confirm-Change."""
    changing = [
        each
        for each in COMMANDS
        if CHANGES.match(each.text) and each.name not in HARMLESS
    ]
    assert len(changing) > 30
    for each in changing:
        asked = any("Confirm-Change" in guard for guard in each.guards)
        assert asked, f"line {each.line}: {each.text}"


def test_what_asks_is_powershell_s_own_question():
    """-WhatIf and -Confirm reach ShouldProcess of the script."""
    assert "[CmdletBinding(SupportsShouldProcess," in TEXT
    assert "$caller = $PSCmdlet" in TEXT
    body = TEXT[TEXT.index("function Confirm-Change") :].split("\n}", 1)[0]
    assert "return $caller.ShouldProcess(" in body
    assert TEXT.count(".ShouldProcess(") == 1


def test_modules_inherit_nothing():
    """`pwsh FILE` runs it in the global scope, which every module inherits."""
    top = [each for each in COMMANDS if not each.function]
    assert "Set-StrictMode" not in {each.name for each in top}
    outside = TEXT[: TEXT.index("\nfunction ")]
    assert "ErrorActionPreference" not in outside
    assert outside.index("$isRehearsal = [bool] $WhatIfPreference") < outside.index(
        "$WhatIfPreference = $false"
    )
    assert "$ConfirmPreference = 'None'" in outside


def test_only_the_question_knows_of_what_if():
    """Else `2>`, which is Out-File, would write nothing, and no fault be told."""
    users = re.findall(r"^ +.*\$WhatIfPreference.*$", TEXT, re.MULTILINE)
    assert [each.strip().split(" = ")[1] for each in users] == [
        "$isRehearsal, $confirmation"
    ]
    body = TEXT[TEXT.index("function Confirm-Change") :].split("\n}", 1)[0]
    assert users[0] in body


def test_what_exchange_refuses_is_never_done():
    """Its cmdlets heed no $ErrorActionPreference of a script, but this they do."""
    body = TEXT[TEXT.index("function Start-Work") :]
    assert "$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }" in body
    (start,) = [each for each in COMMANDS if each.name == "Start-Work"]
    assert not start.function


def test_removing_asks_nobody_a_second_time():
    """Confirm-Change has asked."""
    removing = [each for each in COMMANDS if re.match(r"Remove-\w", each.name)]
    assert len(removing) == 8
    for each in removing:
        assert "-confirm" in each.parameters, each.text
        assert each.text.endswith("-Confirm:$false"), each.text


def test_lists_come_as_one_text_too():
    """`pwsh FILE -ExoSender a@contoso.com,b@contoso.com` hands over one."""
    block = TEXT[TEXT.index("param(") : TEXT.index("\n)\n")]
    lists = re.findall(r"\[string\[\]\] \$(\w+)", block)
    assert len(lists) == 4
    for name in lists:
        assert f"@(Split-List $(if (${name}) {{ ${name} }} else" in TEXT


def test_undo_forgets_the_application_s_id():
    """The next run would look in vain for the one that it names."""
    undo = TEXT[TEXT.index("'application' {") : TEXT.index("'federated credential' {")]
    assert "(Get-Known 'MAIL_CLIENT_ID') -eq $Thing.client" in undo
    assert "& azd env set MAIL_CLIENT_ID ''" in undo
    assert "client = $found[0].appId" in TEXT


@pytest.mark.parametrize("path", EVERY, ids=named)
def test_every_cmdlet_and_parameter_is_documented(path):
    """The table says where; what is neither there nor our own is a fault."""
    text = path.read_text(encoding="utf-8")
    shared = (path.parent / "azure.ps1", path)
    own = {
        name
        for each in shared
        if each.exists()
        for name in re.findall(r"^function ([\w-]+)", each.read_text(), re.MULTILINE)
    }
    for command in powershell.commands(text):
        known = (EXCHANGE | POWERSHELL).get(command.name)
        if known is None:
            called = command.name in own | PROGRAMS | {"$Body", "$program"}
            sourced = command.text == ". (Join-Path $PSScriptRoot 'azure.ps1')"
            assert called or sourced, f"line {command.line}: {command.text}"
            continue
        given = {each.removeprefix("-") for each in command.parameters}
        assert given <= known.parameters, f"line {command.line}: {command.text}"


@pytest.mark.parametrize(
    ("variable", "cmdlet"),
    [("how", "New-InboundConnector"), ("words", "Connect-ExchangeOnline")],
)
def test_splatted_parameters_are_documented_too(variable, cmdlet):
    """The keys of the table that is handed over."""
    assert f"{cmdlet} @{variable}" in TEXT
    found = re.findall(rf"\${variable} = @\{{(.*)\}}", TEXT)
    keys = {key for each in found for key in re.findall(r"(\w+) = ", each)}
    keys |= set(re.findall(rf"\${variable}\.(\w+) = ", TEXT))
    assert keys
    assert {key.lower() for key in keys} <= EXCHANGE[cmdlet].parameters


def test_no_look_trusts_an_identity_that_may_not_be():
    """Such a Get- brings everything; only an exact filter says what is there."""
    looks = [
        each
        for each in COMMANDS
        if each.name in EXCHANGE and EXCHANGE[each.name].brings_all
    ]
    assert len(looks) == 5
    for each in looks:
        assert "-identity" not in each.parameters
        line = TEXT.splitlines()[each.line - 1]
        assert re.search(rf"{each.name}[^|]*\| Where-Object \{{.* -eq ", line), line


def test_graph_is_asked_what_is_documented():
    """Method and path, with ids left out."""
    asked = set()
    for each in COMMANDS:
        found = re.match(r"Invoke-Graph (\w+) \"?([^\s\"]+)\"?", each.text)
        if found:
            path = re.sub(r"\$\([^()]*(?:\([^()]*\))?[^()]*\)|\$\w+", "ID", found[2])
            asked.add((found[1], path))
    assert asked == set(GRAPH_PATHS)


def test_az_is_asked_what_it_takes():
    """The one call of `az rest`, with every option that can be added."""
    for each in re.findall(r"\$words = ('rest'(?:.*,\n)*.*)", TEXT):
        words = re.findall(r"'([^']*)'|\"([^\"]*)\"|(\$Method)", each)
        plain = ["get" if third else one or two for one, two, third in words]
        name, given = parse([*plain, "--uri-parameters", "x=y", "--body", "@file"])
        assert name == ("rest",)
        assert given["--method"] == ["get"]


def test_what_it_makes_it_can_take_back():
    """Each thing on record has its undoing, and nothing else is undone."""
    adding = [each.text for each in COMMANDS if each.name == "Add-Made"]
    made = set(re.findall(r"@\{ what = '([^']+)'", " ".join(adding)))
    undo = TEXT[TEXT.index("function Undo-One") : TEXT.index("# What was made last")]
    undone = set(re.findall(r"^ +'([^']+)' \{", undo, re.MULTILINE))
    assert len(made) == 13
    assert made == undone


def test_each_thing_made_is_remembered_and_said():
    """A function that changes writes it down at once, and says done or ok."""
    for name in sorted(each for each in OWN if each.startswith("Initialize-")):
        inside = [each for each in COMMANDS if each.function == name]
        changes = [each for each in inside if CHANGES.match(each.text)]
        made = [each for each in changes if each.name == "Add-Made"]
        # What is set anew each time was made, and remembered, before.
        others = [each for each in changes if each.name != "Set-ManagementScope"]
        assert len(made) * 2 == len(others), name
        said = {each.text.split()[1] for each in inside if each.name == "Write-Step"}
        assert not changes or said >= {"'ok'", "'done'"}, name


def test_there_is_no_secret_in_plain_text():
    """None is read, made from text, sent, or printed."""
    for word in (
        "ConvertTo-SecureString",
        "AsPlainText",
        "Read-Host",
        "Get-Credential",
        "passwordCredentials",
        "addPassword",
        "ConvertFrom-SecureString",
    ):
        assert word.lower() not in TEXT.lower()
    password = [each for each in COMMANDS if "$password" in each.text]
    assert {each.name for each in password} <= {"ForEach-Object"}
    calls = [each for each in COMMANDS if each.name == "Get-UnknownPassword"]
    assert len(calls) == 1


def test_the_trust_is_the_one_that_the_product_uses():
    """Issuer, subject, audience, application, permissions, as Microsoft names them."""
    assert '"https://login.microsoftonline.com/$identityTenant/v2.0"' in TEXT
    assert "subject = $principal" in TEXT
    assert "$principal = Get-Known 'IDENTITY_PRINCIPAL_ID'" in TEXT
    assert "$audience = 'api://AzureADTokenExchange'" in TEXT
    assert "'00000002-0000-0ff1-ce00-000000000000'" in TEXT
    assert "hve = 'Mail.Send'; exo = 'SMTP.SendAsApp'" in TEXT
    entra = (ROOT / "shared" / "transports" / "xoauth2.py").read_text()
    assert "api://AzureADTokenExchange" in entra


def test_names_of_role_assignments_fit():
    """Exchange takes 64 characters."""
    limits = {int(re.findall(r"\{1,(\d+)\}", TEXT)[0])}
    limits |= {int(re.findall(r"\$title.Length -gt (\d+)", TEXT)[0])}
    (limit,) = limits
    roles = re.findall(r"'(Application Mail\.\w+)'", TEXT)
    assert limit + 1 + max(map(len, roles)) <= 64


def test_hve_gets_the_object_id():
    """Not the client id: Exchange would take it, and refuse each mail."""
    (call,) = [each for each in COMMANDS if each.name == "Add-HVEAppAccess"]
    assert call.text.endswith("-AppIds $state.ObjectId")


def test_docs_and_script_use_the_same_cmdlets():
    """Whatever docs/transports.md tells to type, the script does, and as it says."""
    page = (ROOT / "docs" / "transports.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```powershell\n(.*?)```", page, re.DOTALL)
    told = [each for block in blocks for each in powershell.commands(block)]
    assert len(told) > 10
    for each in told:
        if each.name in LEFT_TO_A_PERSON:
            continue
        used = {
            parameter
            for command in COMMANDS
            if command.name == each.name
            for parameter in command.parameters
        }
        if each.name == "New-InboundConnector":
            used |= {f"-{name}" for name in EXCHANGE[each.name].parameters}
        assert set(each.parameters) <= used, each.text


def test_every_parameter_is_explained():
    """`Get-Help infra/exchange/exchange.ps1 -Full` tells all of them."""
    block = TEXT[TEXT.index("param(") : TEXT.index("\n)\n")]
    declared = re.findall(r"\$(\w+)(?: = '\w+')?,?$", block, re.MULTILINE)
    assert len(declared) == 14
    assert re.findall(r"^\.PARAMETER (\w+)", TEXT, re.MULTILINE) == declared


@pytest.mark.parametrize("suffix", ["sh", "ps1"])
def test_the_hook_calls_it_only_where_asked(suffix):
    """By the path and the switch that both know."""
    hook = (ROOT / "infra" / "hooks" / f"postprovision.{suffix}").read_text()
    assert "SETUP_EXCHANGE" in hook
    assert "../exchange/exchange.ps1" in hook
