// Where the log goes: a Log Analytics workspace, and Application Insights on top of it.
// Ingestion takes Entra tokens only; who may write is said in access.bicep.

import { tagsType } from 'made.bicep'

@description('Required. Region of the resources.')
param location string

@description('Required. Tags of every resource.')
param tags tagsType

@description('Required. Name of the Log Analytics workspace.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Required. Name of the Application Insights component.')
@minLength(1)
@maxLength(255)
param componentName string

@description('Required. For how many days the log is kept. Up to 31 are part of the price of a gigabyte (31 days: Azure Monitor pricing).')
@minValue(30)
@maxValue(730)
param retentionDays int

@description('Optional. Most gigabytes a day that are taken in; beyond it the log is cut off until midnight UTC, and the alert "sweep stopped" says so. 1 GB is about a million lines.')
@minValue(1)
param dailyQuotaGb int = 1

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: retentionDays
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
    workspaceCapping: {
      dailyQuotaGb: dailyQuotaGb
    }
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: componentName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    IngestionMode: 'LogAnalytics'
    DisableLocalAuth: true
  }
}

@description('Resource id of the workspace.')
output workspaceId string = workspace.id

@description('Resource id of the component.')
output componentId string = component.id

@description('Name of the component.')
output componentName string = component.name

@description('Where the app sends its log. No secret: ingestion takes Entra tokens only.')
output connectionString string = component.properties.ConnectionString
