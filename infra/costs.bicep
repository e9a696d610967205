// What it costs: a budget for the resource group.
// A budget's start can never be changed (400: Start date of budgets cannot be updated), so it is an output
// that main.bicep hands out as BUDGET_START and takes in again at the next run.

@description('Required. Name of the environment.')
param environmentName string

@description('Optional. Most that a month should cost, in the currency of the bill; 0: no budget is made.')
@minValue(0)
param monthlyBudget int = 0

@description('Optional. First day of the month in which the budget was made, such as 2026-11-01; empty: this month.')
param budgetStart string = ''

@description('Optional. Who is mailed; empty: the owners of the resource group.')
param opsMailbox string = ''

@description('Leave it: the first day of this month.')
param thisMonth string = utcNow('yyyy-MM-01')

var start = empty(budgetStart) ? thisMonth : budgetStart

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
      forecast: {
        enabled: true
        thresholdType: 'Forecasted'
        operator: 'GreaterThan'
        threshold: 100
        contactEmails: empty(opsMailbox) ? [] : [opsMailbox]
        contactRoles: empty(opsMailbox) ? ['Owner'] : []
      }
    }
  }
}

@description('First day of the month in which the budget was made; empty where there is none.')
output budgetStart string = monthlyBudget > 0 ? start : ''
