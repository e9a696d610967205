// Events to queues: a file that was written or renamed, and what became of a mail.

import { topicsType } from 'made.bicep'

param topics topicsType
param scanAccountName string

var withReports = !empty(topics.reports.name)

// What ends a write. A filter without the last two drops every rename; SftpCreate and CreateFile are files still empty.
var finished = ['PutBlob', 'PutBlockList', 'CopyBlob', 'FlushWithClose', 'SftpCommit', 'RenameFile', 'SftpRename']
var week = 604800

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: scanAccountName
}

resource scanTopic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topics.scans.name
}

resource reportTopic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = if (withReports) {
  // A name must be one, even where the condition says no.
  name: withReports ? topics.reports.name : 'none'
}

var deadLetters = {
  identity: { type: 'SystemAssigned' }
  deadLetterDestination: {
    endpointType: 'StorageBlob'
    properties: { resourceId: account.id, blobContainerName: 'deadletter' }
  }
}

resource scans 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: scanTopic
  name: 'scan-events'
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    deliveryWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: account.id
          queueName: 'scan-events'
          queueMessageTimeToLiveInSeconds: week
        }
      }
    }
    deadLetterWithResourceIdentity: deadLetters
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    filter: {
      includedEventTypes: ['Microsoft.Storage.BlobCreated', 'Microsoft.Storage.BlobRenamed']
      subjectBeginsWith: '/blobServices/default/containers/scans/blobs/'
      advancedFilters: [{ operatorType: 'StringIn', key: 'data.api', values: finished }]
    }
  }
}

resource reports 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = if (withReports) {
  parent: reportTopic
  name: 'delivery-reports'
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    deliveryWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: account.id
          queueName: 'delivery-reports'
          queueMessageTimeToLiveInSeconds: week
        }
      }
    }
    deadLetterWithResourceIdentity: deadLetters
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    filter: { includedEventTypes: ['Microsoft.Communication.EmailDeliveryReportReceived'] }
  }
}
