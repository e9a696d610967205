// Who looks after it: alerts, a budget, a workbook, logs of the services.

import { madeType, tagsType } from 'made.bicep'
import { budgetType, officeType } from 'types.bicep'

param location string
param tags tagsType
param environmentName string
param made madeType
param opsMailbox string
param office officeType
param budget budgetType
param instanceMemoryMB int

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = {
  name: made.workspaceName
}

module alerts 'alerts.bicep' = {
  params: {
    location: location
    tags: tags
    environmentName: environmentName
    workspaceId: workspace.id
    opsMailbox: opsMailbox
    timezone: office.timezone
    weekdays: office.weekdays
  }
}

module costs 'costs.bicep' = {
  params: {
    location: location
    tags: tags
    environmentName: environmentName
    workspaceId: workspace.id
    actionGroupId: alerts.outputs.actionGroupId
    monthlyBudget: budget.monthly
    budgetStart: budget.began
    instanceMemoryMB: instanceMemoryMB
  }
}

module workbook 'workbook.bicep' = {
  params: { location: location, tags: tags, workspaceName: made.workspaceName }
}

module diagnostics 'diagnostics.bicep' = {
  params: { workspaceId: workspace.id, made: made }
}

output budgetStart string = costs.outputs.budgetStart
