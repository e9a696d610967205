// What is left to do by a person, in words. It makes nothing.

import { vaultSettingType } from 'settings.bicep'
import { transportType } from 'types.bicep'

param transports transportType[]
param inVault vaultSettingType[]
@description('Empty: there is none.')
param vaultName string
@description('Empty: there are none to add.')
param dnsRecords string[]
param logins string[]

var exchange = !empty(intersection(transports, ['exo', 'graph', 'hve']))
var references = filter(inVault, setting => !contains(['RELAY_CLIENT_CERTIFICATE', 'TOKEN_STORE'], setting))
var put = 'az keyvault secret set --vault-name ${vaultName} --file FILE --name'
var bring = 'az keyvault certificate import --vault-name ${vaultName} --file FILE --name'

output steps string[] = concat(
  exchange ? ['Exchange: pwsh infra/exchange/exchange.ps1; with -WhatIf it only shows what it would do'] : [],
  map(references, setting => '${setting}: ${put} ${toLower(replace(setting, '_', '-'))}'),
  contains(inVault, 'RELAY_CLIENT_CERTIFICATE') ? ['RELAY_CLIENT_CERTIFICATE: ${bring} relay-client-certificate'] : [],
  contains(inVault, 'TOKEN_STORE') ? ['TOKEN_STORE: sign a person in for exo: python -m ops login'] : [],
  empty(references) ? [] : ['When all secrets are in the vault: az functionapp restart, so that they are read'],
  empty(dnsRecords) ? [] : ['DNS: add the records above; azd hooks run postprovision, until it says verified'],
  empty(dnsRecords) ? [] : ['Once it is verified: azd provision links the domain'],
  empty(logins) ? [] : ['SFTP: type the logins above into the printers; each signs in with its key']
)
