// Who the functions are in Entra: a user-assigned identity, so that its roles exist before the app does.

import { identityType, tagsType } from 'made.bicep'

param location string
param tags tagsType
param name string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

output identity identityType = {
  id: identity.id
  name: identity.name
  clientId: identity.properties.clientId
  principalId: identity.properties.principalId
}
