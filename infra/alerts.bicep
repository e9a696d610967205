// What somebody should look at: one rule for each section of docs/operating.md.

@description('Required. Region of the rules.')
param location string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Resource id of the Log Analytics workspace that the queries read.')
param workspaceId string

@description('Required. Name of the environment; the rules are named for it.')
param environmentName string

@description('Optional. Who is mailed when an alert fires; empty: the alerts stand in the portal only.')
param opsMailbox string = ''

@description('Optional. Time zone of the working days, by its IANA name.')
param timezone string = 'Etc/UTC'

@description('Optional. Days on which scans are expected: 0 is Sunday, 6 is Saturday.')
@minLength(1)
@maxLength(7)
param weekdays int[] = [1, 2, 3, 4, 5]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(opsMailbox)) {
  name: 'ag-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'scanpost'
    enabled: true
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: opsMailbox
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = {
  name: 'alert-${environmentName}-sweep-stopped'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Scanpost: sweep stopped'
    description: 'Nothing looks after the scans. Runbook: docs/operating.md#sweep-stopped. ${timezone} ${length(weekdays)}'
    severity: 1
    scopes: [workspaceId]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    autoMitigate: true
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: 'AppTraces | where Message startswith "event=sweep " | summarize rounds = count() | where rounds == 0'
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: {
      actionGroups: empty(opsMailbox) ? [] : [people.id]
    }
  }
}

@description('Resource id of the action group; empty where nobody is mailed.')
output actionGroupId string = empty(opsMailbox) ? '' : people.id
