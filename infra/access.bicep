// Who may do what, and why: every role assignment of the template is a line of this list.
// Scopes are resources, never the group: single containers, queues and the table wherever there is one.

import { entryType, grantType, topicsType } from 'made.bicep'
import { vaultSettingType } from 'settings.bicep'
import { peopleType, principalType } from 'types.bicep'

@description('Of the identity of the functions.')
param functionsId string
param topics topicsType
param people peopleType
param scanAccountName string
param hostAccountName string
param componentName string
@description('Empty: there is none.')
param acsName string
@description('Empty: there is none.')
param vaultName string
param inVault vaultSettingType[]

var roles = {
  blobContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe' // Storage Blob Data Contributor
  blobOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // Storage Blob Data Owner
  blobReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1' // Storage Blob Data Reader
  certificatesOfficer: 'a4417e6f-fecd-4de8-b567-7b0420556985' // Key Vault Certificates Officer
  emailOwner: '09976791-48a7-449e-bb21-39d1a415f350' // Communication and Email Service Owner
  metricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb' // Monitoring Metrics Publisher
  queueContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88' // Storage Queue Data Contributor
  queueReader: '19e7f393-937e-4f77-808e-94535e297925' // Storage Queue Data Reader
  queueSender: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a' // Storage Queue Data Message Sender
  secretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7' // Key Vault Secrets Officer
  secretsUser: '4633458b-17de-408a-b874-0445c86b69e6' // Key Vault Secrets User
  tableContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // Storage Table Data Contributor
  tableReader: '76199698-9eea-4c19-bc75-cec21354c6b6' // Storage Table Data Reader
}

// The sign-in of a person is renewed, and written down, every day.
var vaultRole = contains(inVault, 'TOKEN_STORE') ? roles.secretsOfficer : roles.secretsUser
// Learn, "Connecting to host storage with an identity", asks for Blob Data Owner on the host's account. Triggers
// prolong messages and put failed ones off (Update Message), which none of the smaller queue roles may do.
var functions = [
  { on: 'host', name: hostAccountName, role: roles.blobOwner, why: 'keeps leases and keys, runs its package' }
  { on: 'component', name: componentName, role: roles.metricsPublisher, why: 'writes the log' }
  { on: 'container', name: 'scans', role: roles.blobContributor, why: 'reads, moves and deletes scans' }
  { on: 'container', name: 'held', role: roles.blobContributor, why: 'puts aside what waits, deletes what was mailed' }
  { on: 'container', name: 'sent', role: roles.blobContributor, why: 'keeps what was mailed' }
  { on: 'container', name: 'config', role: roles.blobContributor, why: 'reads routes, writes the last good ones' }
  { on: 'container', name: 'edge', role: roles.blobContributor, why: 'reads heartbeats, deletes forgotten ones' }
  { on: 'container', name: 'deadletter', role: roles.blobReader, why: 'counts events that were not delivered' }
  { on: 'table', name: 'ledger', role: roles.tableContributor, why: 'claims scans, records what became of them' }
  { on: 'queue', name: 'scan-events', role: roles.queueContributor, why: 'takes and puts off messages' }
  { on: 'queue', name: 'scan-events-poison', role: roles.queueContributor, why: 'puts away what failed, takes it' }
  { on: 'queue', name: 'scan-retries', role: roles.queueContributor, why: 'sends itself messages, takes them' }
  { on: 'queue', name: 'scan-retries-poison', role: roles.queueContributor, why: 'puts away what failed, takes it' }
  { on: 'queue', name: 'delivery-reports', role: roles.queueContributor, why: 'takes and puts off messages' }
  { on: 'queue', name: 'delivery-reports-poison', role: roles.queueContributor, why: 'puts away what failed, takes it' }
  // No smaller role may send mail.
  { on: 'acs', name: acsName, role: roles.emailOwner, why: 'sends mail, looks up its fate' }
  { on: 'vault', name: vaultName, role: vaultRole, why: 'reads secrets, renews a sign-in if one is kept' }
]

var scanTopic = [
  { on: 'queue', name: 'scan-events', role: roles.queueSender, why: 'delivers events' }
  { on: 'container', name: 'deadletter', role: roles.blobContributor, why: 'puts there what it could not deliver' }
]

var reportTopic = [
  { on: 'queue', name: 'delivery-reports', role: roles.queueSender, why: 'delivers reports' }
  { on: 'container', name: 'deadletter', role: roles.blobContributor, why: 'puts there what it could not deliver' }
]

var certificates = contains(inVault, 'RELAY_CLIENT_CERTIFICATE') ? vaultName : ''
var deployer = [
  { on: 'container', name: 'config', role: roles.blobContributor, why: 'seeds routes.toml' }
  { on: 'container', name: 'scans', role: roles.blobContributor, why: 'drops the test scan, makes homes of printers' }
  { on: 'table', name: 'ledger', role: roles.tableReader, why: 'reads the story of the test scan' }
  { on: 'vault', name: vaultName, role: roles.secretsOfficer, why: 'puts the secrets in' }
  { on: 'vault', name: certificates, role: roles.certificatesOfficer, why: 'puts the certificate in' }
]

// `list`, `show`, `release`, `explain` and `check` of docs/operating.md.
var operators = [
  { on: 'table', name: 'ledger', role: roles.tableContributor, why: 'lists, shows and releases scans' }
  { on: 'queue', name: 'scan-retries', role: roles.queueSender, why: 'releases scans' }
  { on: 'queue', name: 'scan-retries', role: roles.queueReader, why: 'checks the queue' }
  { on: 'queue', name: 'scan-events', role: roles.queueReader, why: 'checks the queue' }
  { on: 'queue', name: 'delivery-reports', role: roles.queueReader, why: 'checks the queue' }
  { on: 'container', name: 'config', role: roles.blobContributor, why: 'mends the routes' }
  { on: 'container', name: 'scans', role: roles.blobReader, why: 'explains who would get a scan' }
  { on: 'container', name: 'held', role: roles.blobReader, why: 'looks at a held scan' }
  { on: 'container', name: 'sent', role: roles.blobReader, why: 'checks it, looks at a mailed scan' }
]

// docs/edge.md, "Signing in".
var agents = [
  { on: 'container', name: 'scans', role: roles.blobContributor, why: 'brings scans of an office' }
  { on: 'container', name: 'edge', role: roles.blobContributor, why: 'says that it lives' }
]

func to(entries entryType[], id string, kind principalType) grantType[] =>
  map(filter(entries, entry => !empty(id) && !empty(entry.name)), entry => {
    on: entry.on
    name: entry.name
    role: entry.role
    why: entry.why
    to: id
    toType: kind
  })

module grants 'grants.bicep' = {
  params: {
    scanAccountName: scanAccountName
    grants: concat(
      to(functions, functionsId, 'ServicePrincipal'),
      to(scanTopic, topics.scans.principalId, 'ServicePrincipal'),
      to(reportTopic, topics.reports.principalId, 'ServicePrincipal'),
      to(deployer, people.deployerId, people.deployerType),
      to(operators, people.operatorGroupId, 'Group'),
      flatten(map(people.agentIds, id => to(agents, id, 'ServicePrincipal')))
    )
  }
}
