"""The newest stable API version of each type that the templates use.

Looked up on 2026-11-21 in Azure's public type data (Azure/bicep-types-az). A resource
with another one says why in a comment, beside it or at the head of its file.
"""

from __future__ import annotations

NEWEST = {
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Communication/communicationServices": "2026-03-18",
    "Microsoft.Communication/emailServices": "2026-03-18",
    "Microsoft.Communication/emailServices/domains": "2026-03-18",
    "Microsoft.Communication/emailServices/domains/senderUsernames": "2026-03-18",
    "Microsoft.Consumption/budgets": "2026-06-01",
    "Microsoft.EventGrid/systemTopics": "2025-02-15",
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": "2025-02-15",
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.Insights/diagnosticSettings": "2016-09-01",
    "Microsoft.Insights/scheduledQueryRules": "2026-03-01",
    "Microsoft.Insights/workbooks": "2023-06-01",
    "Microsoft.KeyVault/vaults": "2026-02-01",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "2024-11-30",
    "Microsoft.Network/natGateways": "2025-09-01",
    "Microsoft.Network/networkSecurityGroups": "2025-09-01",
    "Microsoft.Network/privateDnsZones": "2024-06-01",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": "2024-06-01",
    "Microsoft.Network/privateEndpoints": "2025-09-01",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": "2025-09-01",
    "Microsoft.Network/publicIPAddresses": "2025-09-01",
    "Microsoft.Network/virtualNetworks": "2025-09-01",
    "Microsoft.Network/virtualNetworks/subnets": "2025-09-01",
    "Microsoft.OperationalInsights/workspaces": "2026-03-01",
    "Microsoft.OperationalInsights/workspaces/savedSearches": "2026-03-01",
    "Microsoft.Resources/resourceGroups": "2025-04-01",
    "Microsoft.Storage/storageAccounts": "2026-04-01",
    "Microsoft.Storage/storageAccounts/blobServices": "2026-04-01",
    "Microsoft.Storage/storageAccounts/blobServices/containers": "2026-04-01",
    "Microsoft.Storage/storageAccounts/localUsers": "2026-04-01",
    "Microsoft.Storage/storageAccounts/managementPolicies": "2026-04-01",
    "Microsoft.Storage/storageAccounts/queueServices": "2026-04-01",
    "Microsoft.Storage/storageAccounts/queueServices/queues": "2026-04-01",
    "Microsoft.Storage/storageAccounts/tableServices": "2026-04-01",
    "Microsoft.Storage/storageAccounts/tableServices/tables": "2026-04-01",
    "Microsoft.Web/serverfarms": "2025-03-01",
    "Microsoft.Web/sites": "2025-03-01",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": "2025-03-01",
}

UNTAGGED = frozenset(
    {
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Communication/emailServices/domains/senderUsernames",
        "Microsoft.Consumption/budgets",
        "Microsoft.EventGrid/systemTopics/eventSubscriptions",
        "Microsoft.Insights/diagnosticSettings",
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        "Microsoft.Network/virtualNetworks/subnets",
        "Microsoft.OperationalInsights/workspaces/savedSearches",
        "Microsoft.Storage/storageAccounts/blobServices",
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        "Microsoft.Storage/storageAccounts/localUsers",
        "Microsoft.Storage/storageAccounts/managementPolicies",
        "Microsoft.Storage/storageAccounts/queueServices",
        "Microsoft.Storage/storageAccounts/queueServices/queues",
        "Microsoft.Storage/storageAccounts/tableServices",
        "Microsoft.Storage/storageAccounts/tableServices/tables",
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
    }
)
"""Types that take no tags, by the same data."""
