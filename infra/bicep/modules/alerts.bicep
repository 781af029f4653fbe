// Alerts: the list and each rule's reason are in ../../common/alerts.json, what to do about each in docs/operations.md.

param location string
param tags { *: string }
param actionGroupName string
@description('End of the deployment\'s names: {organization}-{environment}.')
param suffix string
param emails string[]
param workspaceId string

var rules = loadJsonContent('../../common/alerts.json').rules

resource receivers 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    // Shown as the sender of a mail.
    groupShortName: 'lockstep'
    enabled: true
    emailReceivers: [
      for (email, i) in emails: {
        name: 'mail-${i}'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: 'alert-lockstep-${suffix}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Lockstep ${suffix}: ${rule.title}'
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: rule.every
      windowSize: rule.window
      criteria: {
        allOf: [
          {
            query: join(rule.query, '\n')
            timeAggregation: rule.?aggregation ?? 'Count'
            metricMeasureColumn: rule.?measure
            dimensions: map(rule.dimensions, dimension => { name: dimension, operator: 'Include', values: ['*'] })
            operator: rule.operator
            threshold: rule.threshold
            failingPeriods: {
              numberOfEvaluationPeriods: rule.of
              minFailingPeriodsToAlert: rule.failing
            }
          }
        ]
      }
      autoMitigate: rule.autoMitigate
      // A new workspace has no column of a table into which nothing has been written; the queries are right all the same.
      skipQueryValidation: true
      actions: {
        actionGroups: [receivers.id]
        // Stands in the mail: where to read what to do.
        customProperties: { runbook: 'docs/${rule.runbook}' }
      }
    }
  }
]
