// The scan account: containers, queues and the table that the code names, and how long each keeps what.

import { endpointsType, tagsType } from 'made.bicep'
import { networkType, printerType, redundancyType, retentionType, sftpType } from 'types.bicep'

param location string
param tags tagsType
@minLength(3)
@maxLength(24)
param name string
param redundancy redundancyType
param sftp sftpType
param printers printerType[]
param access networkType
param retention retentionType

// deadletter: where Event Grid puts what it could not deliver. edge: heartbeats of the agents in offices.
var containers = ['scans', 'held', 'sent', 'config', 'edge', 'deadletter']
// The host makes a poison queue when first needed; made here, its alert has something to watch from the start.
var queues = ['scan-events', 'scan-retries', 'delivery-reports']
var everyQueue = flatten(map(queues, queue => [queue, '${queue}-poison']))

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  // checkov:skip=CKV_AZURE_35: Printers and edge agents reach it from offices; network.closed denies, and lets named addresses in.
  // checkov:skip=CKV_AZURE_59: The same. Whoever comes must sign in with Entra or an ssh key: there are no shared keys.
  // checkov:skip=CKV_AZURE_206: A scan is here for seconds until it is mailed; another region would get it too late. ZRS may be chosen.
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: redundancy }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isHnsEnabled: sftp != 'none'
    isSftpEnabled: sftp == 'on'
    isLocalUserEnabled: sftp == 'on'
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: access.closed && empty(access.allowedAddresses) ? 'Disabled' : 'Enabled'
    networkAcls: {
      // Event Grid delivers as a trusted service; the exception stays in effect with public access off.
      bypass: 'AzureServices'
      defaultAction: access.closed ? 'Deny' : 'Allow'
      ipRules: [for address in access.allowedAddresses: { value: address, action: 'Allow' }]
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    // The undo of AFTER_SEND=delete: a mailed scan can be brought back for so long.
    deleteRetentionPolicy: { enabled: true, days: retention.softDeleteDays }
    containerDeleteRetentionPolicy: { enabled: true, days: retention.softDeleteDays }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' = [
  for each in containers: {
    parent: blobs
    name: each
    properties: { publicAccess: 'None' }
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2026-04-01' = {
  parent: account
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2026-04-01' = [
  for each in everyQueue: {
    parent: queueService
    name: each
  }
]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2026-04-01' = {
  parent: account
  name: 'default'
}

resource ledger 'Microsoft.Storage/storageAccounts/tableServices/tables@2026-04-01' = {
  parent: tableService
  name: 'ledger'
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'delete-sent'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['sent/'] }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: retention.sentDays } } }
          }
        }
        {
          // Off: a held scan is somebody's paper that nobody got yet. Its row would outlive its bytes as `gone`.
          name: 'delete-held'
          enabled: retention.heldDays > 0
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['held/'] }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: max(retention.heldDays, 1) } } }
          }
        }
        {
          name: 'delete-deadletter'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['deadletter/'] }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 90 } } }
          }
        }
      ]
    }
  }
}

module people 'sftp.bicep' = if (sftp == 'on') {
  params: { accountName: account.name, printers: printers }
  dependsOn: [container]
}

output id string = account.id
output name string = account.name
output endpoints endpointsType = {
  blob: account.properties.primaryEndpoints.blob
  queue: account.properties.primaryEndpoints.queue
  table: account.properties.primaryEndpoints.table
}
output logins string[] = people.?outputs.logins ?? []
