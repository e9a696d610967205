// Scanpost: scans from printers, forwarded by mail. `azd up` asks, and deploys this; main.bicepparam holds the answers.

targetScope = 'subscription'

import { mailType, settingsType, vaultSettingType } from 'settings.bicep'
import { budgetType, capacityType, networkType, officeType, peopleType } from 'types.bicep'
import { printerType, redundancyType, retentionType, sftpType, transportType } from 'types.bicep'

@description('What is this environment called? Letters, digits and hyphens: it becomes part of names.')
@minLength(1)
@maxLength(40)
param environmentName string
@description('In which region shall it run? It must offer Flex Consumption: az functionapp list-flexconsumption-locations.')
@metadata({ azd: { type: 'location' } })
@minLength(1)
param location string
@description('Who deploys it, and who works with it?')
param people peopleType
@description('Which domains are yours, such as contoso.com? Mail to them is inside, exactly (not their subdomains).')
@minLength(1)
param internalDomains string[]
@description('How do mails reach people inside? The best way first.')
@minLength(1)
param internalTransport transportType[] = ['hve']
@description('How do mails reach people outside? Whom they may be is said in routes.toml: nobody, at first.')
@minLength(1)
param externalTransport transportType[] = ['none']
@description('Who gets scans that match nothing? One address; empty: they are held. It seeds routes.toml, once.')
@maxLength(254)
param unmatchedRecipient string = ''
@description('Who is told of held scans and alerts? One address; empty: nobody, they stand in the portal.')
@maxLength(254)
param opsMailbox string = ''
@description('Where are the printers?')
param office officeType = { timezone: 'Etc/UTC', language: 'en', weekdays: [1, 2, 3, 4, 5] }
@description('More settings: senders, hosts, times; by their names in docs/settings.md.')
param settings settingsType = {}
@description('Which settings are secrets, to be kept in a Key Vault? None: no vault is made.')
param inVault vaultSettingType[] = []
@description('With acs: from which domain?')
param mail mailType = { domain: '', domainVerified: false, username: 'DoNotReply', dataLocation: 'Europe' }
@description('Which printers deliver by SFTP? The endpoint costs $0.30 an hour, about $219 a month, used or not.')
@maxLength(1000)
param sftpPrinters printerType[] = []
@description('Shall the storage account offer SFTP? This cannot be changed from none later.')
param sftpEndpoint sftpType = empty(sftpPrinters) ? 'none' : 'on'
@description('Who reaches it, and how does it reach others?')
param network networkType = { closed: false, allowedAddresses: [], outboundIp: false, addressSpace: '10.93.0.0/24' }
@description('How much may run at once?')
param capacity capacityType = { instanceMemoryMB: 512, maximumInstances: 40, alwaysReady: 0 }
@description('How many copies of the bytes are kept?')
param redundancy redundancyType = 'Standard_LRS'
@description('How long is what kept?')
param retention retentionType = { softDeleteDays: 14, sentDays: 90, heldDays: 0, logDays: 30 }
@description('Shall mailed scans be kept, in container sent? Otherwise they are deleted.')
param keepSent bool = false
@description('How much may it cost?')
param budget budgetType = { monthly: 0, began: '' }

var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module forwarder 'forwarder.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    environmentName: environmentName
    people: people
    transports: union(internalTransport, externalTransport)
    settings: {
      ...settings
      AFTER_SEND: keepSent ? 'keep' : 'delete'
      EXTERNAL_TRANSPORT: join(externalTransport, ',')
      INTERNAL_DOMAINS: join(internalDomains, ',')
      INTERNAL_TRANSPORT: join(internalTransport, ',')
      OPS_MAILBOX: opsMailbox
    }
    inVault: inVault
    mail: mail
    sftp: sftpEndpoint
    printers: sftpPrinters
    network: network
    capacity: capacity
    redundancy: redundancy
    retention: retention
  }
}

module watch 'watch.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    environmentName: environmentName
    made: forwarder.outputs.made
    opsMailbox: opsMailbox
    office: office
    budget: budget
    instanceMemoryMB: capacity.instanceMemoryMB
  }
}

// azd keeps these in the environment, where the hooks and main.bicepparam read them.
output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_TENANT_ID string = tenant().tenantId
output ACS_NAME string = forwarder.outputs.made.mail.name
output BUDGET_START string = watch.outputs.budgetStart
output DNS_RECORDS string[] = forwarder.outputs.made.mail.dnsRecords
output EMAIL_SERVICE_NAME string = forwarder.outputs.made.mail.emailServiceName
output EXO_SENDER string = settings.?EXO_SENDER ?? ''
output EXTERNAL_TRANSPORT string = join(externalTransport, ',')
output FUNCTION_APP_HOST string = forwarder.outputs.made.app.host
output FUNCTION_APP_NAME string = forwarder.outputs.made.app.name
output GRAPH_SENDER string = settings.?GRAPH_SENDER ?? ''
output HVE_SENDER string = settings.?HVE_SENDER ?? ''
output IDENTITY_CLIENT_ID string = forwarder.outputs.made.identity.clientId
output IDENTITY_NAME string = forwarder.outputs.made.identity.name
output IDENTITY_PRINCIPAL_ID string = forwarder.outputs.made.identity.principalId
output INTERNAL_DOMAINS string = join(internalDomains, ',')
output INTERNAL_TRANSPORT string = join(internalTransport, ',')
output IN_VAULT string = join(inVault, ',')
output KEY_VAULT_NAME string = forwarder.outputs.made.vaultName
output MAIL_CLIENT_ID string = settings.?MAIL_CLIENT_ID ?? ''
output MAIL_DOMAIN string = mail.domain
output MAIL_DOMAIN_VERIFIED string = mail.domainVerified ? 'true' : 'false'
output NETWORK_CLOSED string = network.closed ? 'true' : 'false'
output NEXT_STEPS string[] = forwarder.outputs.made.steps
output OPS_MAILBOX string = opsMailbox
output OUTBOUND_IP string = forwarder.outputs.made.outboundIp
output SCAN_BLOB_ENDPOINT string = forwarder.outputs.made.endpoints.blob
output SCAN_LANGUAGE string = office.language
output SCAN_QUEUE_ENDPOINT string = forwarder.outputs.made.endpoints.queue
output SCAN_STORAGE_ACCOUNT string = forwarder.outputs.made.storageName
output SCAN_TABLE_ENDPOINT string = forwarder.outputs.made.endpoints.table
output SCAN_TIMEZONE string = office.timezone
output SFTP_LOGINS string[] = forwarder.outputs.made.logins
// A hierarchical account stays so: without this, the run after the last printer has gone would fail.
output SFTP_PREPARED string = sftpEndpoint == 'none' ? 'false' : 'true'
output SFTP_USERS string = join(map(sftpPrinters, printer => printer.name), ',')
output UNMATCHED_RECIPIENT string = unmatchedRecipient
