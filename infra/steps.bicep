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

output steps string[] = concat(
  exchange ? ['Prepare Exchange: pwsh infra/exchange/exchange.ps1 (first with -WhatIf, to see what it would do)'] : [],
  map(references, setting => '${setting}: ${put} ${toLower(replace(setting, '_', '-'))}; then restart the function app'),
  contains(inVault, 'RELAY_CLIENT_CERTIFICATE')
    ? ['RELAY_CLIENT_CERTIFICATE: az keyvault certificate import --vault-name ${vaultName} --name relay-client-certificate --file FILE']
    : [],
  contains(inVault, 'TOKEN_STORE') ? ['Sign a person in for exo: python -m ops login'] : [],
  empty(dnsRecords)
    ? []
    : ['Add the DNS records above, run azd hooks run postprovision until the domain is verified, then azd provision'],
  empty(logins) ? [] : ['Type the SFTP logins above into the printers; each signs in with its ssh key']
)
