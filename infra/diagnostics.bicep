// Who touched what: logs of the services themselves, kept beside the log of the app.
// The API is a preview for want of a newer stable one: 2016-09-01, the newest, knows neither names nor several settings.

import { madeType } from 'made.bicep'

param workspaceId string
param made madeType

var hasVault = !empty(made.vaultName)
var hasMail = !empty(made.mail.name)

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: made.storageName

  resource blobs 'blobServices' existing = { name: 'default' }
}

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = if (hasVault) {
  name: hasVault ? made.vaultName : 'none'
}

resource communication 'Microsoft.Communication/communicationServices@2026-03-18' existing = if (hasMail) {
  name: hasMail ? made.mail.name : 'none'
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: made.topics.scans.name
}

// Six lines or so for a scan: who wrote, read and deleted it.
resource scans 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account::blobs
  name: 'scanpost'
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'StorageRead', enabled: true }
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
  }
}

// Who read a secret, and who was refused.
resource secrets 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (hasVault) {
  scope: vault
  name: 'scanpost'
  properties: { workspaceId: workspaceId, logs: [{ category: 'AuditEvent', enabled: true }] }
}

// Why an event was not delivered: the dead letter itself says little.
resource events 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: topic
  name: 'scanpost'
  properties: { workspaceId: workspaceId, logs: [{ category: 'DeliveryFailures', enabled: true }] }
}

// What became of each mail, recipient by recipient.
resource mails 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (hasMail) {
  scope: communication
  name: 'scanpost'
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'EmailSendMailOperational', enabled: true }
      { category: 'EmailStatusUpdateOperational', enabled: true }
    ]
  }
}
