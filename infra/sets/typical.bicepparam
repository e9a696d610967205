using '../main.bicep'

// An office: inside by High Volume Email, outside by Communication Services under a domain of its own.
param environmentName = 'typical'
param location = 'westeurope'
param people = {
  deployerId: '11111111-1111-1111-1111-111111111111'
  deployerType: 'User'
  operatorGroupId: '44444444-4444-4444-4444-444444444444'
  agentIds: ['55555555-5555-5555-5555-555555555555']
}
param internalDomains = ['contoso.com', 'contoso.de']
param externalTransport = ['acs']
param unmatchedRecipient = 'office@contoso.com'
param opsMailbox = 'it@contoso.com'
param office = { timezone: 'Europe/Berlin', language: 'de', weekdays: [1, 2, 3, 4, 5] }
param settings = {
  HVE_SENDER: 'scans@contoso.com'
  MAIL_CLIENT_ID: '22222222-2222-2222-2222-222222222222'
  MAIL_TENANT_ID: '33333333-3333-3333-3333-333333333333'
}
param mail = { domain: 'scans.contoso.com', domainVerified: true, username: 'DoNotReply', dataLocation: 'Europe' }
param budget = { monthly: 20, began: '2026-11-01' }
