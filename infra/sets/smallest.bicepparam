using '../main.bicep'

// The least that works: mail inside by High Volume Email, nobody outside, printers by way of an edge agent.
param environmentName = 'smallest'
param location = 'westeurope'
param people = {
  deployerId: '11111111-1111-1111-1111-111111111111'
  deployerType: 'User'
  operatorGroupId: ''
  agentIds: []
}
param internalDomains = ['contoso.com']
param settings = {
  HVE_SENDER: 'scans@contoso.com'
  MAIL_CLIENT_ID: '22222222-2222-2222-2222-222222222222'
  MAIL_TENANT_ID: '33333333-3333-3333-3333-333333333333'
}
