// What the modules hand to each other.

import { principalType } from 'types.bicep'

@export()
@description('A line of the list in access.bicep: what somebody may do, and why.')
type entryType = {
  @description('What kind of resource it is for; containers, queues and the table are those of the scan account.')
  on: 'acs' | 'component' | 'container' | 'host' | 'queue' | 'table' | 'vault'
  @description('The name of that resource; empty: there is none, and nothing is assigned.')
  name: string
  @description('The id of the role.')
  role: string
  @description('Why. It stands in the assignment too, where a reviewer finds it in the portal.')
  why: string
}

@export()
@description('The same, and who gets it.')
type grantType = {
  on: entryType.on
  name: string
  role: string
  why: string
  to: string
  toType: principalType
}

@export()
@description('The addresses of the services of the scan account.')
type endpointsType = { blob: string, queue: string, table: string }

@export()
@description('A user-assigned identity.')
type identityType = { id: string, name: string, clientId: string, principalId: string }

@export()
@description('The function app.')
type madeAppType = { name: string, host: string }

@export()
@description('Communication Services, and the records that its domain needs in DNS.')
type madeMailType = { name: string, emailServiceName: string, dnsRecords: string[] }

@export()
@description('What forwarder.bicep made.')
type madeType = {
  identity: identityType
  workspaceName: string
  topics: topicsType
  storageName: string
  endpoints: endpointsType
  @description('What to type into printers that deliver by SFTP.')
  logins: string[]
  app: madeAppType
  @description('Empty: there is none; so are the following.')
  vaultName: string
  mail: madeMailType
  outboundIp: string
  @description('What is left to do by a person.')
  steps: string[]
}

@export()
@description('A system topic; with empty texts: there is none.')
type topicType = { name: string, principalId: string }

@export()
@description('Where events come from: the scan account, and Communication Services.')
type topicsType = { scans: topicType, reports: topicType }

@export()
@description('Tags of a resource.')
type tagsType = { *: string }

@export()
@description('App settings, by the names of docs/settings.md.')
type valuesType = { *: string? }
