// The functions: a Flex Consumption plan and the app, which signs in everywhere as one user-assigned identity.

import { endpointsType, identityType, madeAppType, tagsType, valuesType } from 'made.bicep'
import { capacityType, networkType } from 'types.bicep'

param location string
param tags tagsType
param planName string
param name string
param capacity capacityType
param access networkType
@description('Where it goes out; empty: without a virtual network.')
param subnetId string
param identity identityType
param hostBlobEndpoint string
param packagesUrl string
param scans endpointsType
param connectionString string
@description('By the names of docs/settings.md. What is empty is not set, so that the default of the code holds.')
param settings valuesType

// Never to be set on this plan, where each stops a deployment or is ignored: FUNCTIONS_WORKER_RUNTIME,
// FUNCTIONS_EXTENSION_VERSION, WEBSITE_RUN_FROM_PACKAGE, SCM_DO_BUILD_DURING_DEPLOYMENT, TZ and their kind; nor
// ftpsState, alwaysOn, linuxFxVersion and theirs below.
var defaults = {
  MAIL_TENANT_ID: tenant().tenantId
  // Two batches of host.json: batchSize 8 and newBatchThreshold 8. With the default of Python scans would queue inside.
  PYTHON_THREADPOOL_THREAD_COUNT: '16'
  SWEEP_SCHEDULE: '0 */5 * * * *'
}
var own = {
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.clientId};Authorization=AAD'
  APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString
  AZURE_CLIENT_ID: identity.clientId
  // Blobs are all that the host needs: leases, keys, the package. No trigger here keeps queues or tables there.
  AzureWebJobsStorage__blobServiceUri: hostBlobEndpoint
  AzureWebJobsStorage__clientId: identity.clientId
  AzureWebJobsStorage__credential: 'managedidentity'
  SCAN_STORAGE__blobServiceUri: scans.blob
  SCAN_STORAGE__clientId: identity.clientId
  SCAN_STORAGE__credential: 'managedidentity'
  SCAN_STORAGE__queueServiceUri: scans.queue
  SCAN_STORAGE__tableServiceUri: scans.table
}
var given = filter(items(settings), setting => !empty(setting.value))
var everything = union(defaults, toObject(given, setting => setting.key, setting => setting.value), own)

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  // checkov:skip=CKV_AZURE_225: Needs two instances that always run. Without it scans wait in the queue for as long as the zone is down.
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  // checkov:skip=CKV_AZURE_17: By HTTP there is health alone: ok or not for anybody, and with a key what is wrong.
  // checkov:skip=CKV_AZURE_212: Flex Consumption starts instances when there are messages; capacity.alwaysReady keeps some.
  // checkov:skip=CKV_AZURE_78: There is no FTP on this plan, which refuses the setting (ftpsState); its password is off all the same.
  // checkov:skip=CKV_AZURE_222: azd deploys by the site's own address, signed in by Entra; network.closed denies the rest.
  name: name
  location: location
  // azd deploys to the app with this tag.
  tags: union(tags, { 'azd-service-name': 'forwarder' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: {
        instanceMemoryMB: capacity.instanceMemoryMB
        // Each function scales by itself, so this many instances of each; waits are for the gate, not for instances.
        maximumInstanceCount: capacity.maximumInstances
        alwaysReady: capacity.alwaysReady > 0 ? [{ name: 'function:receive', instanceCount: capacity.alwaysReady }] : []
      }
    }
    siteConfig: {
      appSettings: map(items(everything), setting => { name: setting.key, value: setting.value })
      // Anonymous, says ok or not. Flex keeps the path and, as of 2026, does not act on it; monitors may.
      healthCheckPath: '/api/health'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      remoteDebuggingEnabled: false
      ipSecurityRestrictionsDefaultAction: access.closed ? 'Deny' : 'Allow'
      ipSecurityRestrictions: [
        for (address, i) in access.allowedAddresses: {
          ipAddress: contains(address, '/') ? address : '${address}/32'
          action: 'Allow'
          priority: 100 + i
          name: 'allowed-${i}'
        }
      ]
      // `azd deploy` comes this way, signed in by Entra: passwords are off below.
      scmIpSecurityRestrictionsDefaultAction: 'Allow'
      scmIpSecurityRestrictionsUseMain: false
    }
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

output app madeAppType = { name: app.name, host: app.properties.defaultHostName }
