// What it costs, and who is told. Azure has no daily budget: the grain of a budget is a month at least. What there is instead:
// - The budget below: Azure looks at it a few times a day, and its forecast tells within a day or two that a month will end too dear.
// - The alert below: what yesterday's mails and seconds cost by the list prices, out of our own log, within the hour. It is an
//   estimate and does not see fixed prices (SFTP, NAT gateway, private endpoints), which do not change from one day to the next.
// - The daily cap on the log (monitoring.bicep): the one price per gigabyte that a fault of ours could drive up.
// Not used: the anomaly alert of Cost Management (scheduledActions, kind InsightAlert). It stands on the whole subscription, tells of
// other people's resources too, wants 60 days of history, and its end date would have to be moved every year.

import { tagsType } from 'made.bicep'

@description('Required. Region of the alert rule.')
param location string

@description('Required. Tags of the alert rule; a budget takes none.')
param tags tagsType

@description('Required. Name of the environment.')
param environmentName string

@description('Required. Resource id of the Log Analytics workspace that the query reads.')
param workspaceId string

@description('Optional. Resource id of the action group that is told; empty: the alert stands in the portal only.')
param actionGroupId string = ''

@description('Optional. Most that a month should cost, in the currency of the bill; 0: neither budget nor alert is made.')
@minValue(0)
param monthlyBudget int = 0

@description('Optional. First day of the month in which the budget was made, such as 2026-11-01; empty: this month. It can never be changed: hand the output of the same name in again.')
param budgetStart string = ''

@description('Optional. Memory of an instance in megabytes, as functions are billed.')
param instanceMemoryMB int = 2048

@description('Leave it: the first day of this month.')
param thisMonth string = utcNow('yyyy-MM-01')

// "Start date of budgets cannot be updated" (400): the first day is kept, and handed in at each later run.
var start = empty(budgetStart) ? thisMonth : budgetStart
var told = {
  enabled: true
  operator: 'GreaterThan'
  contactEmails: []
  contactGroups: empty(actionGroupId) ? [] : [actionGroupId]
  contactRoles: empty(actionGroupId) ? ['Owner', 'Contributor'] : []
}
var query = replace(loadTextContent('monitoring/alerts/daily-cost.kql'), '{memoryMb}', string(instanceMemoryMB))

resource budget 'Microsoft.Consumption/budgets@2026-06-01' = if (monthlyBudget > 0) {
  name: 'budget-${environmentName}'
  properties: {
    category: 'Cost'
    amount: monthlyBudget
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: start
    }
    notifications: {
      forecast: { ...told, thresholdType: 'Forecasted', threshold: 100 }
      spent: { ...told, thresholdType: 'Actual', threshold: 100 }
    }
  }
}

resource dailyCost 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = if (monthlyBudget > 0) {
  name: 'alert-${environmentName}-daily-cost'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Scanpost: a day costs more than its share'
    description: 'Mails and seconds of the last 24 hours cost more than a thirtieth of the monthly budget. What to do: docs/operating.md#alert-daily-cost'
    enabled: true
    severity: 3
    scopes: [workspaceId]
    evaluationFrequency: 'PT1H'
    windowSize: 'P1D'
    autoMitigate: true
    // Before the first line has come there is no table, and a query of it would be refused.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: replace(query, '{monthlyBudget}', string(monthlyBudget))
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: empty(actionGroupId) ? [] : [actionGroupId]
    }
  }
}

@description('First day of the month in which the budget was made; empty where there is none.')
output budgetStart string = monthlyBudget > 0 ? start : ''
