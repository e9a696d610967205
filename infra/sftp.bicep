// Printers that deliver by SFTP: a local user each, signed in by ssh key, at home in scans/USER.

import { printerType } from 'types.bicep'

param accountName string
param printers printerType[]

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: accountName
}

resource user 'Microsoft.Storage/storageAccounts/localUsers@2026-04-01' = [
  for printer in printers: {
    parent: account
    name: printer.name
    properties: {
      // The event's `identity` is the user, the first folder is too: device by either way (design: the identity wins).
      homeDirectory: 'scans/${printer.name}'
      hasSharedKey: false
      hasSshKey: true
      hasSshPassword: false
      sshAuthorizedKeys: [for key in printer.keys: { description: printer.name, key: key }]
      // Permissions hold for the container. Write needs read there: "Read permission is required to open the
      // directory" of a file below the root (Learn, "SFTP support"). No d: nothing can be deleted.
      permissionScopes: [{ permissions: 'rcwl', resourceName: 'scans', service: 'blob' }]
    }
  }
]

// The host of the blob service is the SFTP server too.
var host = '${accountName}.blob.${environment().suffixes.storage}'
@description('What to type into each printer.')
output logins string[] = [for printer in printers: '${accountName}.${printer.name}@${host}']
