using '../main.bicep'

// All that there is, switched on: a reviewer sees every resource and every role; nobody needs all of it.
param environmentName = 'everything'
param location = 'westeurope'
param people = {
  deployerId: '11111111-1111-1111-1111-111111111111'
  deployerType: 'ServicePrincipal'
  operatorGroupId: '44444444-4444-4444-4444-444444444444'
  agentIds: ['55555555-5555-5555-5555-555555555555']
}
param internalDomains = ['contoso.com']
param internalTransport = ['hve', 'exo', 'direct']
param externalTransport = ['acs', 'exo', 'graph', 'relay', 'smtp']
param unmatchedRecipient = 'office@contoso.com'
param opsMailbox = 'it@contoso.com'
param office = { timezone: 'Europe/London', language: 'en', weekdays: [1, 2, 3, 4, 5, 6] }
param settings = {
  DIRECT_HOST: 'contoso-com.mail.protection.outlook.com'
  DIRECT_SENDER: 'scans@contoso.com'
  EXO_SENDER: 'scans1@contoso.com,scans2@contoso.com'
  FAILOVER_AFTER_SECONDS: '300'
  GIVE_UP_AFTER_HOURS: '72'
  GRAPH_SENDER: 'scans@contoso.com'
  HVE_SENDER: 'scans@contoso.com'
  LEDGER_DAYS: '365'
  MAIL_CLIENT_ID: '22222222-2222-2222-2222-222222222222'
  MAIL_TENANT_ID: '33333333-3333-3333-3333-333333333333'
  QUOTAS: 'acs=600/min,10000/h'
  RELAY_HOST: 'contoso-com.mail.protection.outlook.com'
  RELAY_SENDER: 'scans@contoso.com'
  SMTP_PRESET: 'sendgrid'
  SMTP_SENDER: 'scans@contoso.com'
}
param inVault = ['HVE_PASSWORD', 'MAIL_CLIENT_SECRET', 'RELAY_CLIENT_CERTIFICATE', 'SMTP_PASSWORD', 'TOKEN_STORE']
param mail = { domain: 'scans.contoso.com', domainVerified: true, username: 'scans', dataLocation: 'UK' }
param sftpPrinters = [
  { name: 'mfp2f', keys: ['ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDexample1'] }
  { name: 'mfp3f', keys: ['ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYexample2'] }
]
param network = {
  closed: true
  allowedAddresses: ['203.0.113.7', '198.51.100.0/28']
  outboundIp: true
  addressSpace: '10.93.0.0/24'
}
param capacity = { instanceMemoryMB: 2048, maximumInstances: 100, alwaysReady: 1 }
param redundancy = 'Standard_ZRS'
param retention = { softDeleteDays: 30, sentDays: 365, heldDays: 180, logDays: 90 }
param keepSent = true
param budget = { monthly: 500, began: '2026-11-01' }
