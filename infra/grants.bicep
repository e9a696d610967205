// The role assignments of access.bicep, made: one loop for each kind of resource, since a scope is a symbol.

import { grantType } from 'made.bicep'

param grants grantType[]
param scanAccountName string

var onCommunication = filter(grants, grant => grant.on == 'acs')
var onComponent = filter(grants, grant => grant.on == 'component')
var onContainer = filter(grants, grant => grant.on == 'container')
var onHost = filter(grants, grant => grant.on == 'host')
var onQueue = filter(grants, grant => grant.on == 'queue')
var onTable = filter(grants, grant => grant.on == 'table')
var onVault = filter(grants, grant => grant.on == 'vault')

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: scanAccountName

  resource blobs 'blobServices' existing = { name: 'default' }
  resource queues 'queueServices' existing = { name: 'default' }
  resource tables 'tableServices' existing = { name: 'default' }
}

resource communication 'Microsoft.Communication/communicationServices@2026-03-18' existing = [
  for grant in onCommunication: { name: grant.name }
]

resource communicationRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, i) in onCommunication: {
    scope: communication[i]
    name: guid(communication[i].id, grant.to, grant.role)
    properties: {
      principalId: grant.to
      principalType: grant.toType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role)
      description: grant.why
    }
  }
]

resource component 'Microsoft.Insights/components@2020-02-02' existing = [
  for grant in onComponent: { name: grant.name }
]

resource componentRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, i) in onComponent: {
    scope: component[i]
    name: guid(component[i].id, grant.to, grant.role)
    properties: {
      principalId: grant.to
      principalType: grant.toType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role)
      description: grant.why
    }
  }
]

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' existing = [
  for grant in onContainer: { parent: account::blobs, name: grant.name }
]

resource containerRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, i) in onContainer: {
    scope: container[i]
    name: guid(container[i].id, grant.to, grant.role)
    properties: {
      principalId: grant.to
      principalType: grant.toType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role)
      description: grant.why
    }
  }
]

resource host 'Microsoft.Storage/storageAccounts@2026-04-01' existing = [for grant in onHost: { name: grant.name }]

resource hostRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, i) in onHost: {
    scope: host[i]
    name: guid(host[i].id, grant.to, grant.role)
    properties: {
      principalId: grant.to
      principalType: grant.toType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role)
      description: grant.why
    }
  }
]

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2026-04-01' existing = [
  for grant in onQueue: { parent: account::queues, name: grant.name }
]

resource queueRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, i) in onQueue: {
    scope: queue[i]
    name: guid(queue[i].id, grant.to, grant.role)
    properties: {
      principalId: grant.to
      principalType: grant.toType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role)
      description: grant.why
    }
  }
]

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2026-04-01' existing = [
  for grant in onTable: { parent: account::tables, name: grant.name }
]

resource tableRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, i) in onTable: {
    scope: table[i]
    name: guid(table[i].id, grant.to, grant.role)
    properties: {
      principalId: grant.to
      principalType: grant.toType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role)
      description: grant.why
    }
  }
]

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = [for grant in onVault: { name: grant.name }]

resource vaultRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, i) in onVault: {
    scope: vault[i]
    name: guid(vault[i].id, grant.to, grant.role)
    properties: {
      principalId: grant.to
      principalType: grant.toType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role)
      description: grant.why
    }
  }
]
