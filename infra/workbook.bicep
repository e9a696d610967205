// How the scans fare, for people: a workbook, and the same queries saved in the workspace.
// tests/infra/test_queries.py keeps workbook.json and monitoring/queries the same.

import { tagsType } from 'made.bicep'

@description('Required. Region of the workbook.')
param location string

@description('Required. Tags of every resource.')
param tags tagsType

@description('Required. Name of the workspace that it reads.')
param workspaceName string

var queries = {
  'by-printer': loadTextContent('monitoring/queries/by-printer.kql')
  'by-transport': loadTextContent('monitoring/queries/by-transport.kql')
  'held-by-reason': loadTextContent('monitoring/queries/held-by-reason.kql')
  losses: loadTextContent('monitoring/queries/losses.kql')
  'quota-used': loadTextContent('monitoring/queries/quota-used.kql')
  'scan-story': loadTextContent('monitoring/queries/scan-story.kql')
  'scans-per-hour': loadTextContent('monitoring/queries/scans-per-hour.kql')
  'time-to-mail': loadTextContent('monitoring/queries/time-to-mail.kql')
  warnings: loadTextContent('monitoring/queries/warnings.kql')
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = {
  name: workspaceName
}

resource saved 'Microsoft.OperationalInsights/workspaces/savedSearches@2026-03-01' = [
  for each in items(queries): {
    parent: workspace
    name: 'scanpost-${each.key}'
    // Else a saved search that is there already is refused.
    etag: '*'
    properties: {
      category: 'Scanpost'
      displayName: each.key
      query: each.value
      // A saved search has no tags of ARM, but labels of its own.
      tags: [for tag in items(tags): { name: tag.key, value: tag.value }]
    }
  }
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceId('Microsoft.OperationalInsights/workspaces', workspaceName), 'scanpost')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Scanpost'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: workspace.id
    serializedData: replace(loadTextContent('monitoring/workbook.json'), '{workspaceId}', workspace.id)
  }
}

@description('Resource id of the workbook.')
output workbookId string = workbook.id
