// What somebody should look at: one rule for each alert of docs/operating.md, listed in monitoring/alerts.json.
// Every rule is stateful: it fires once, stays fired while its query finds anything, and ends by itself.
// Windows are no shorter than the time between two looks, so that lines that come late are seen; seen twice they are one alert.
// `split` gives each value an alert of its own. A rule costs about 0.50 USD a month, 1.50 where it looks every 5 minutes.

import { tagsType } from 'made.bicep'

@description('Required. Region of the rules.')
param location string

@description('Required. Tags of every resource.')
param tags tagsType

@description('Required. Name of the environment; the rules are named for it.')
param environmentName string

@description('Required. Resource id of the Log Analytics workspace that the queries read.')
param workspaceId string

@description('Optional. Who is mailed when an alert fires; empty: the alerts stand in the portal only.')
param opsMailbox string = ''

@description('Optional. Time zone of the working days, by its IANA name.')
param timezone string = 'Etc/UTC'

@description('Optional. Days on which scans are expected: 0 is Sunday, 6 is Saturday.')
@minLength(1)
@maxLength(7)
param weekdays int[] = [1, 2, 3, 4, 5]

@description('Optional. Hour of the working day after which a day without a scan is told of.')
@minValue(1)
@maxValue(23)
param dayEnds int = 18

type alert = {
  @description('Its heading in docs/operating.md is "Alert: NAME".')
  name: string
  title: string
  says: string
  severity: 0 | 1 | 2 | 3 | 4
  every: 'PT5M' | 'PT15M' | 'PT1H'
  window: 'PT15M' | 'PT30M' | 'PT2H' | 'P1D'
  @description('Column whose values are alerts of their own; empty: there is one alert.')
  split: string
  mails: bool
}

var alerts alert[] = loadJsonContent('monitoring/alerts.json')

var queries = {
  'scans-held': loadTextContent('monitoring/alerts/scans-held.kql')
  'notice-failed': loadTextContent('monitoring/alerts/notice-failed.kql')
  'scans-lost': loadTextContent('monitoring/alerts/scans-lost.kql')
  'scans-waiting': loadTextContent('monitoring/alerts/scans-waiting.kql')
  'poison-queue': loadTextContent('monitoring/alerts/poison-queue.kql')
  'dead-letters': loadTextContent('monitoring/alerts/dead-letters.kql')
  'sign-in-refused': loadTextContent('monitoring/alerts/sign-in-refused.kql')
  'no-scan': noScan
  'edge-silent': loadTextContent('monitoring/alerts/edge-silent.kql')
  'credential-ends': loadTextContent('monitoring/alerts/credential-ends.kql')
  'routes-broken': loadTextContent('monitoring/alerts/routes-broken.kql')
  'sweep-stopped': loadTextContent('monitoring/alerts/sweep-stopped.kql')
}

var days = join(map(weekdays, day => string(day)), ', ')
var noScanHere = replace(loadTextContent('monitoring/alerts/no-scan.kql'), '{timezone}', timezone)
var noScan = replace(replace(noScanHere, '{weekdays}', days), '{dayEnds}', string(dayEnds))

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

resource rules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for each in alerts: {
    name: 'alert-${environmentName}-${each.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Scanpost: ${each.title}'
      description: '${each.says} What to do: docs/operating.md#alert-${each.name}'
      enabled: true
      severity: each.severity
      scopes: [workspaceId]
      evaluationFrequency: each.every
      windowSize: each.window
      autoMitigate: true
      // Before the first line has come there is no table, and a query of it would be refused.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: queries[each.name]
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            dimensions: empty(each.split) ? [] : [{ name: each.split, operator: 'Include', values: ['*'] }]
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: each.mails && !empty(opsMailbox) ? [people.id] : []
      }
    }
  }
]

@description('Resource id of the action group; empty where nobody is mailed.')
output actionGroupId string = empty(opsMailbox) ? '' : people.id
