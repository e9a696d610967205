// How the parts hang together, in the order in which they are made.

import { madeType, tagsType, valuesType } from 'made.bicep'
import { mailType, vaultSettingType } from 'settings.bicep'
import { capacityType, networkType, peopleType, printerType, redundancyType } from 'types.bicep'
import { retentionType, sftpType, transportType } from 'types.bicep'

param location string
param tags tagsType
param environmentName string
param people peopleType
param transports transportType[]
param settings valuesType
param inVault vaultSettingType[]
param mail mailType
param sftp sftpType
param printers printerType[]
param network networkType
param capacity capacityType
param redundancy redundancyType
param retention retentionType

var token = uniqueString(resourceGroup().id, environmentName)
// An ACS resource that is there already is used as it is.
var hasMail = !empty(settings.?ACS_ENDPOINT) || contains(inVault, 'ACS_CONNECTION_STRING')

module identity 'identity.bicep' = {
  params: { location: location, tags: tags, name: 'id-scanpost-${token}' }
}

module monitoring 'monitoring.bicep' = {
  params: {
    location: location
    tags: tags
    workspaceName: 'log-scanpost-${token}'
    componentName: 'appi-scanpost-${token}'
    retentionDays: retention.logDays
  }
}

module storage 'storage.bicep' = {
  params: {
    location: location
    tags: tags
    name: 'scan${token}'
    redundancy: redundancy
    sftp: sftp
    printers: printers
    access: network
    retention: retention
  }
}

module host 'host.bicep' = {
  params: { location: location, tags: tags, name: 'host${token}', access: network }
}

module secrets 'secrets.bicep' = if (!empty(inVault)) {
  params: { location: location, tags: tags, name: 'kv-${token}', inVault: inVault, access: network }
}

module acs 'mail.bicep' = if (contains(transports, 'acs') && !hasMail) {
  params: { tags: tags, name: 'acs-scanpost-${token}', emailServiceName: 'mail-scanpost-${token}', mail: mail }
}

module topics 'topics.bicep' = {
  params: {
    location: location
    tags: tags
    token: token
    scanAccountName: storage.outputs.name
    acsName: acs.?outputs.name ?? ''
  }
}

// Before whatever needs them: a role takes minutes until it counts everywhere.
module access 'access.bicep' = {
  params: {
    functionsId: identity.outputs.identity.principalId
    topics: topics.outputs.topics
    people: people
    scanAccountName: storage.outputs.name
    hostAccountName: host.outputs.name
    componentName: monitoring.outputs.componentName
    acsName: acs.?outputs.name ?? ''
    vaultName: secrets.?outputs.name ?? ''
    inVault: inVault
  }
}

module lines 'network.bicep' = if (network.closed || network.outboundIp) {
  params: {
    location: location
    tags: tags
    name: 'vnet-scanpost-${token}'
    access: network
    scanAccountId: storage.outputs.id
    hostAccountId: host.outputs.id
    vaultId: secrets.?outputs.id ?? ''
  }
}

module functions 'functions.bicep' = {
  params: {
    location: location
    tags: tags
    planName: 'plan-scanpost-${token}'
    name: 'scanpost-${token}'
    capacity: capacity
    access: network
    subnetId: lines.?outputs.subnetId ?? ''
    identity: identity.outputs.identity
    hostBlobEndpoint: host.outputs.blobEndpoint
    packagesUrl: host.outputs.packagesUrl
    scans: storage.outputs.endpoints
    connectionString: monitoring.outputs.connectionString
    settings: union(settings, secrets.?outputs.settings ?? {}, acs.?outputs.settings ?? {})
  }
  dependsOn: [access]
}

// Last of all: by now Event Grid can use its roles.
module events 'events.bicep' = {
  params: { topics: topics.outputs.topics, scanAccountName: storage.outputs.name }
  dependsOn: [access, functions]
}

module steps 'steps.bicep' = {
  params: {
    transports: transports
    inVault: inVault
    vaultName: secrets.?outputs.name ?? ''
    dnsRecords: mail.domainVerified ? [] : (acs.?outputs.made.dnsRecords ?? [])
    logins: storage.outputs.logins
  }
}

output made madeType = {
  identity: identity.outputs.identity
  workspaceName: 'log-scanpost-${token}'
  topics: topics.outputs.topics
  storageName: storage.outputs.name
  endpoints: storage.outputs.endpoints
  logins: storage.outputs.logins
  app: functions.outputs.app
  vaultName: secrets.?outputs.name ?? ''
  mail: acs.?outputs.made ?? { name: '', emailServiceName: '', dnsRecords: [] }
  outboundIp: lines.?outputs.outboundIp ?? ''
  steps: steps.outputs.steps
}
