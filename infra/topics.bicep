// Where events come from: system topics of the scan account and of Communication Services, each with an identity.
// They stand apart from their subscriptions, which can be made only once these identities have their roles.

param location string
param tags object
param scanTopicName string
param reportTopicName string
param scanAccountName string
@description('Empty: no delivery reports.')
param acsName string

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: scanAccountName
}

resource communication 'Microsoft.Communication/communicationServices@2026-03-18' existing = if (!empty(acsName)) {
  name: acsName
}

resource scans 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: scanTopicName
  location: location
  tags: tags
  // System-assigned: behind the storage firewall a user-assigned one cannot deliver.
  identity: { type: 'SystemAssigned' }
  properties: {
    source: account.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

resource reports 'Microsoft.EventGrid/systemTopics@2025-02-15' = if (!empty(acsName)) {
  name: reportTopicName
  // Communication Services is a global resource, and so is its topic.
  location: 'global'
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    source: communication.id
    topicType: 'Microsoft.Communication.CommunicationServices'
  }
}

output scanPrincipalId string = scans.identity.principalId
output reportPrincipalId string = reports.?identity.principalId ?? ''
