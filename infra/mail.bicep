// Communication Services Email. Closed to new customers since 23 October 2026, so it is made only where it is named.

import { madeMailType, tagsType, valuesType } from 'made.bicep'
import { mailType } from 'settings.bicep'

param tags tagsType
param name string
param emailServiceName string
param mail mailType

var managed = empty(mail.domain)
// A domain that is not verified cannot be linked: it is made by the first run and linked by a later one.
var linked = managed || mail.domainVerified
// The domain of Azure, and one with the first quota, send as DoNotReply only; that one is there by itself.
var username = managed ? 'DoNotReply' : mail.username
var namesSender = linked && toLower(username) != 'donotreply'

resource emailService 'Microsoft.Communication/emailServices@2026-03-18' = {
  name: emailServiceName
  location: 'global'
  tags: tags
  properties: { dataLocation: mail.dataLocation }
}

resource domain 'Microsoft.Communication/emailServices/domains@2026-03-18' = {
  parent: emailService
  name: managed ? 'AzureManagedDomain' : mail.domain
  location: 'global'
  tags: tags
  properties: {
    domainManagement: managed ? 'AzureManaged' : 'CustomerManaged'
    // It would rewrite links and tell who opened what.
    userEngagementTracking: 'Disabled'
  }
}

resource sender 'Microsoft.Communication/emailServices/domains/senderUsernames@2026-03-18' = if (namesSender) {
  parent: domain
  name: username
  properties: { username: username, displayName: username }
}

resource communication 'Microsoft.Communication/communicationServices@2026-03-18' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    dataLocation: mail.dataLocation
    // The managed identity signs in; access keys are of no use.
    disableLocalAuth: true
    linkedDomains: linked ? [domain.id] : []
  }
}

var records = domain.properties.verificationRecords
// The last one is proposed, and not checked by the service: where the domain has a DMARC record, that one stays.
var dnsRecords = managed
  ? []
  : [
      '${records.Domain.name} ${records.Domain.type} ${records.Domain.value}'
      '${records.SPF.name} ${records.SPF.type} ${records.SPF.value}'
      '${records.DKIM.name} ${records.DKIM.type} ${records.DKIM.value}'
      '${records.DKIM2.name} ${records.DKIM2.type} ${records.DKIM2.value}'
      '_dmarc.${mail.domain} TXT v=DMARC1; p=quarantine'
    ]

output name string = communication.name
output settings valuesType = {
  ACS_ENDPOINT: 'https://${communication.properties.hostName}'
  ACS_SENDER: '${username}@${domain.properties.fromSenderDomain}'
}
output made madeMailType = { name: communication.name, emailServiceName: emailService.name, dnsRecords: dnsRecords }
