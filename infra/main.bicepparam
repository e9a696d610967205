using 'main.bicep'

// The answers, out of the environment of azd: `azd env set NAME VALUE` changes one, `azd provision` applies it.
// azd itself asks for name, subscription and region; infra/hooks/preprovision asks for the first handful.

// A word that is not among them stops here, and the error lists those that are.
var transports = {
  acs: 'acs'
  direct: 'direct'
  exo: 'exo'
  graph: 'graph'
  hve: 'hve'
  none: 'none'
  relay: 'relay'
  smtp: 'smtp'
}
var secrets = {
  ACS_CONNECTION_STRING: 'ACS_CONNECTION_STRING'
  HVE_PASSWORD: 'HVE_PASSWORD'
  MAIL_CLIENT_CERTIFICATE: 'MAIL_CLIENT_CERTIFICATE'
  MAIL_CLIENT_SECRET: 'MAIL_CLIENT_SECRET'
  RELAY_CLIENT_CERTIFICATE: 'RELAY_CLIENT_CERTIFICATE'
  SMTP_PASSWORD: 'SMTP_PASSWORD'
  TOKEN_STORE: 'TOKEN_STORE'
}

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'scanpost')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param people = {
  deployerId: readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
  deployerType: readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', 'User') == 'User' ? 'User' : 'ServicePrincipal'
  operatorGroupId: readEnvironmentVariable('OPERATOR_GROUP_ID', '')
  agentIds: union(
    filter(map(split(readEnvironmentVariable('EDGE_AGENT_IDS', ''), ','), id => trim(id)), id => !empty(id)),
    []
  )
}
param internalDomains = filter(
  map(split(readEnvironmentVariable('INTERNAL_DOMAINS', ''), ','), domain => trim(domain)),
  domain => !empty(domain)
)
// An answer may have been nothing, which is not the same as no answer.
var inside = readEnvironmentVariable('INTERNAL_TRANSPORT', '')
var outside = readEnvironmentVariable('EXTERNAL_TRANSPORT', '')
param internalTransport = map(split(empty(inside) ? 'hve' : inside, ','), word => transports[trim(word)])
param externalTransport = map(split(empty(outside) ? 'none' : outside, ','), word => transports[trim(word)])
param unmatchedRecipient = readEnvironmentVariable('UNMATCHED_RECIPIENT', '')
param opsMailbox = readEnvironmentVariable('OPS_MAILBOX', '')
param office = {
  timezone: readEnvironmentVariable('SCAN_TIMEZONE', 'Etc/UTC')
  language: readEnvironmentVariable('SCAN_LANGUAGE', 'en') == 'de' ? 'de' : 'en'
  weekdays: json('[${readEnvironmentVariable('SCAN_WEEKDAYS', '1,2,3,4,5')}]')
}
param settings = {
  ACS_ENDPOINT: readEnvironmentVariable('ACS_ENDPOINT', '')
  ACS_SENDER: readEnvironmentVariable('ACS_SENDER', '')
  AZURE_AUTHORITY_HOST: readEnvironmentVariable('AZURE_AUTHORITY_HOST', '')
  DIRECT_HOST: readEnvironmentVariable('DIRECT_HOST', '')
  DIRECT_PORT: readEnvironmentVariable('DIRECT_PORT', '')
  DIRECT_SENDER: readEnvironmentVariable('DIRECT_SENDER', '')
  EXO_HOST: readEnvironmentVariable('EXO_HOST', '')
  EXO_PORT: readEnvironmentVariable('EXO_PORT', '')
  EXO_SENDER: readEnvironmentVariable('EXO_SENDER', '')
  FAILOVER_AFTER_SECONDS: readEnvironmentVariable('FAILOVER_AFTER_SECONDS', '')
  GIVE_UP_AFTER_HOURS: readEnvironmentVariable('GIVE_UP_AFTER_HOURS', '')
  GRAPH_ENDPOINT: readEnvironmentVariable('GRAPH_ENDPOINT', '')
  GRAPH_SENDER: readEnvironmentVariable('GRAPH_SENDER', '')
  HVE_HOST: readEnvironmentVariable('HVE_HOST', '')
  HVE_PORT: readEnvironmentVariable('HVE_PORT', '')
  HVE_SENDER: readEnvironmentVariable('HVE_SENDER', '')
  INCOMPLETE_SECONDS: readEnvironmentVariable('INCOMPLETE_SECONDS', '')
  LEASE_SECONDS: readEnvironmentVariable('LEASE_SECONDS', '')
  LEDGER_DAYS: readEnvironmentVariable('LEDGER_DAYS', '')
  LEFTOVER_SECONDS: readEnvironmentVariable('LEFTOVER_SECONDS', '')
  MAIL_CLIENT_ID: readEnvironmentVariable('MAIL_CLIENT_ID', '')
  MAIL_TENANT_ID: readEnvironmentVariable('MAIL_TENANT_ID', '')
  PYTHON_THREADPOOL_THREAD_COUNT: readEnvironmentVariable('PYTHON_THREADPOOL_THREAD_COUNT', '')
  QUOTAS: readEnvironmentVariable('QUOTAS', '')
  RELAY_HOST: readEnvironmentVariable('RELAY_HOST', '')
  RELAY_PORT: readEnvironmentVariable('RELAY_PORT', '')
  RELAY_SENDER: readEnvironmentVariable('RELAY_SENDER', '')
  // Under another name, as is SSL_CERT_FILE: the shell's own would name a file of this machine.
  REQUESTS_CA_BUNDLE: readEnvironmentVariable('SCAN_REQUESTS_CA_BUNDLE', '')
  RETRY_SECONDS: readEnvironmentVariable('RETRY_SECONDS', '')
  SMTP_HOST: readEnvironmentVariable('SMTP_HOST', '')
  SMTP_PORT: readEnvironmentVariable('SMTP_PORT', '')
  SMTP_PRESET: json('"${readEnvironmentVariable('SMTP_PRESET', '')}"')
  SMTP_SENDER: readEnvironmentVariable('SMTP_SENDER', '')
  SMTP_TLS: json('"${readEnvironmentVariable('SMTP_TLS', '')}"')
  SMTP_USER: readEnvironmentVariable('SMTP_USER', '')
  SSL_CERT_FILE: readEnvironmentVariable('SCAN_SSL_CERT_FILE', '')
  SWEEP_AFTER_SECONDS: readEnvironmentVariable('SWEEP_AFTER_SECONDS', '')
  SWEEP_SCHEDULE: readEnvironmentVariable('SWEEP_SCHEDULE', '')
}
param inVault = map(
  filter(split(readEnvironmentVariable('IN_VAULT', ''), ','), word => !empty(word)),
  word => secrets[trim(word)]
)
param mail = {
  domain: readEnvironmentVariable('MAIL_DOMAIN', '')
  domainVerified: readEnvironmentVariable('MAIL_DOMAIN_VERIFIED', 'false') == 'true'
  username: readEnvironmentVariable('MAIL_USERNAME', 'DoNotReply')
  dataLocation: json('"${readEnvironmentVariable('MAIL_DATA_LOCATION', 'Europe')}"')
}
// [{"name":"mfp2f","keys":["ssh-rsa AAAA…"]}]
param sftpPrinters = json(readEnvironmentVariable('SFTP_PRINTERS', '[]'))
param sftpEndpoint = readEnvironmentVariable('SFTP_PRINTERS', '[]') != '[]'
  ? 'on'
  : readEnvironmentVariable('SFTP_PREPARED', 'false') == 'true' ? 'prepared' : 'none'
param network = {
  closed: readEnvironmentVariable('NETWORK_CLOSED', 'false') == 'true'
  // Storage takes one address without its /32 only.
  allowedAddresses: union(
    filter(
      map(split(readEnvironmentVariable('ALLOWED_ADDRESSES', ''), ','), each => replace(trim(each), '/32', '')),
      each => !empty(each)
    ),
    []
  )
  outboundIp: readEnvironmentVariable('NAT_GATEWAY', 'false') == 'true'
  addressSpace: readEnvironmentVariable('ADDRESS_SPACE', '10.93.0.0/24')
}
param capacity = {
  instanceMemoryMB: json(readEnvironmentVariable('INSTANCE_MEMORY_MB', '512'))
  maximumInstances: int(readEnvironmentVariable('MAXIMUM_INSTANCES', '40'))
  alwaysReady: int(readEnvironmentVariable('ALWAYS_READY', '0'))
}
param redundancy = json('"${readEnvironmentVariable('REDUNDANCY', 'Standard_LRS')}"')
param retention = {
  softDeleteDays: int(readEnvironmentVariable('SOFT_DELETE_DAYS', '14'))
  sentDays: int(readEnvironmentVariable('SENT_DAYS', '90'))
  heldDays: int(readEnvironmentVariable('HELD_DAYS', '0'))
  logDays: int(readEnvironmentVariable('LOG_DAYS', '30'))
}
param keepSent = readEnvironmentVariable('AFTER_SEND', 'delete') == 'keep'
param budget = {
  monthly: int(readEnvironmentVariable('MONTHLY_BUDGET', '0'))
  began: readEnvironmentVariable('BUDGET_START', '')
}
