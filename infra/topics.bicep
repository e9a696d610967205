// Where events come from: system topics of the scan account and of Communication Services, each with an identity.
// They stand apart from their subscriptions, which can be made only once these identities have their roles.

import { tagsType, topicsType } from 'made.bicep'

param location string
param tags tagsType
@description('What makes names unique.')
param token string
param scanAccountName string
@description('Empty: no delivery reports.')
param acsName string

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: scanAccountName
}

resource communication 'Microsoft.Communication/communicationServices@2026-03-18' existing = if (!empty(acsName)) {
  // A name must be one, even where the condition says no.
  name: empty(acsName) ? 'none' : acsName
}

resource scans 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: 'scan-events-${token}'
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
  name: 'delivery-reports-${token}'
  // Communication Services is a global resource, and so is its topic.
  location: 'global'
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    source: communication.id
    topicType: 'Microsoft.Communication.CommunicationServices'
  }
}

output topics topicsType = {
  scans: { name: scans.name, principalId: scans.identity.principalId }
  reports: { name: empty(acsName) ? '' : reports.name, principalId: reports.?identity.principalId ?? '' }
}
