// A Key Vault, made only where a setting's value is a secret. No secret passes through here: people put them in by
// hand, the app gets references and addresses.

import { tagsType, valuesType } from 'made.bicep'
import { vaultSettingType } from 'settings.bicep'
import { networkType } from 'types.bicep'

param location string
param tags tagsType
@minLength(3)
@maxLength(24)
param name string
param inVault vaultSettingType[]
param access networkType

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enablePurgeProtection: true
    enableSoftDelete: true
    // The shortest there is: the name of a deleted vault is taken for so long, and its secrets can be made anew.
    softDeleteRetentionInDays: 7
    publicNetworkAccess: access.closed && empty(access.allowedAddresses) ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: access.closed ? 'Deny' : 'Allow'
      ipRules: [for address in access.allowedAddresses: { value: address }]
    }
  }
}

var uri = 'https://${name}${environment().suffixes.keyvaultDns}'
// The code reads these two from the vault itself: one is renewed, the other written anew each day.
var addresses = {
  RELAY_CLIENT_CERTIFICATE: '${uri}/certificates/relay-client-certificate'
  TOKEN_STORE: '${uri}/secrets/scanpost-mail-token'
}

func referTo(uri string, setting string) string =>
  '@Microsoft.KeyVault(SecretUri=${uri}/secrets/${toLower(replace(setting, '_', '-'))})'

output id string = vault.id
output name string = vault.name
@description('References to secrets, and addresses.')
output settings valuesType = toObject(
  inVault,
  setting => setting,
  setting => addresses[?setting] ?? referTo(uri, setting)
)
