// The workbook that shows how the scans fare.

@description('Required. Region of the workbook.')
param location string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Resource id of the workspace that it reads.')
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'scanpost')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Scanpost'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: workspaceId
    serializedData: loadTextContent('monitoring/workbook.json')
  }
}

@description('Resource id of the workbook.')
output workbookId string = workbook.id
