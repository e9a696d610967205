// A virtual network: a way out for the functions, private endpoints where public access is off, and a NAT gateway
// where mail must leave from a fixed address or by port 25.

import { tagsType } from 'made.bicep'
import { networkType } from 'types.bicep'

param location string
param tags tagsType
param name string
param access networkType
param scanAccountId string
param hostAccountId string
@description('Empty: there is none.')
param vaultId string

var suffix = environment().suffixes.storage
var services = concat(
  [
    { name: 'scan-blob', id: scanAccountId, group: 'blob', zone: 'privatelink.blob.${suffix}' }
    { name: 'scan-queue', id: scanAccountId, group: 'queue', zone: 'privatelink.queue.${suffix}' }
    { name: 'scan-table', id: scanAccountId, group: 'table', zone: 'privatelink.table.${suffix}' }
    { name: 'host-blob', id: hostAccountId, group: 'blob', zone: 'privatelink.blob.${suffix}' }
  ],
  empty(vaultId) ? [] : [{ name: 'vault', id: vaultId, group: 'vault', zone: vaultZone }]
)
var vaultZone = replace(environment().suffixes.keyvaultDns, '.vault.', 'privatelink.vaultcore.')
var endpoints = access.closed ? services : []
var zones = union(map(endpoints, each => each.zone), [])

resource group 'Microsoft.Network/networkSecurityGroups@2025-09-01' = {
  name: 'nsg-${name}'
  location: location
  tags: tags
  // The rules that every group has: in from the network alone, out to anywhere.
}

resource address 'Microsoft.Network/publicIPAddresses@2025-09-01' = if (access.outboundIp) {
  name: 'ip-${name}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: 'IPv4' }
}

resource gateway 'Microsoft.Network/natGateways@2025-09-01' = if (access.outboundIp) {
  name: 'nat-${name}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { idleTimeoutInMinutes: 4, publicIpAddresses: [{ id: address.id }] }
}

resource network 'Microsoft.Network/virtualNetworks@2025-09-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [access.addressSpace] }
    subnets: [
      {
        // Flex Consumption wants a subnet of its own, with this delegation and no underscore in its name.
        name: 'functions'
        properties: {
          addressPrefix: cidrSubnet(access.addressSpace, 26, 0)
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
          // New subnets are private: without a gateway no mail would get out.
          defaultOutboundAccess: !access.outboundIp
          natGateway: access.outboundIp ? { id: gateway.id } : null
          networkSecurityGroup: { id: group.id }
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(access.addressSpace, 26, 1)
          defaultOutboundAccess: false
          networkSecurityGroup: { id: group.id }
          privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
        }
      }
    ]
  }

  resource functions 'subnets' existing = { name: 'functions' }
  resource inside 'subnets' existing = { name: 'endpoints' }
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for each in zones: {
    name: each
    location: 'global'
    tags: tags
  }
]

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (each, i) in zones: {
    parent: zone[i]
    name: name
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: network.id } }
  }
]

resource endpoint 'Microsoft.Network/privateEndpoints@2025-09-01' = [
  for each in endpoints: {
    name: 'pe-${name}-${each.name}'
    location: location
    tags: tags
    properties: {
      subnet: { id: network::inside.id }
      privateLinkServiceConnections: [
        { name: each.name, properties: { privateLinkServiceId: each.id, groupIds: [each.group] } }
      ]
    }
  }
]

resource zoneGroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-09-01' = [
  for (each, i) in endpoints: {
    parent: endpoint[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        { name: each.group, properties: { privateDnsZoneId: zone[indexOf(zones, each.zone)].id } }
      ]
    }
  }
]

output subnetId string = network::functions.id
output outboundIp string = address.?properties.ipAddress ?? ''
