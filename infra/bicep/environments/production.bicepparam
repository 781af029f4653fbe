// Production. Prices: docs/deploy.md.
using '../main.bicep'

param organization = 'contoso'
param environment = 'prd'
param location = 'westeurope'
param budgetStart = '2026-12-01'

// Two, so that one takes requests while the other is replaced: Entra ID counts failed calls towards its quarantine.
// About $42 a month at 2048 MB.
param alwaysReadyHttp = 2
// A leaver is locked out within seconds instead of after a cold start. About $21 a month.
param alwaysReadyJobs = 1
// 20 x 24 jobs side by side: Graph and most domain controllers are slower than that. Raise it with the report in hand.
param maximumInstanceCount = 20
// The data outlives a zone. A quarter more for storage.
param zoneRedundantStorage = true
// The app itself would cost 14 warm instances, about $290 a month at 2048 MB instead of $63: two for HTTP and for each queue
// and timer function. Without, a zone's outage delays changes, and Entra ID sends them again; it can be switched on later.
param zoneRedundant = false
// The account is the directory. Deploying then needs User Access Administrator or Owner (see main.bicep).
param deleteLock = true
// An auditor asks about the last quarter. About $0.10 a GB and month after the first 31 days.
param logRetentionDays = 90
// Room for an initial cycle of 100,000 people in a day, which writes up to 12 GB (make cost); logs are about $2.30 a GB.
param logDailyCapGb = 15
// Warm instances, alert rules and logs of an ordinary month; an initial cycle may pass it.
param monthlyBudget = 150
param alertEmails = ['identity-operations@contoso.example']

// Decide with the network's owners. About $30 a month for four private endpoints, and deploying or writing secrets
// must then happen from inside the network. Needed for LDAP and Active Directory on premises.
param isolateNetwork = false
// Decide with the pipeline's owners: GitHub's own runners have no fixed addresses, so they need a runner that has.
param entraIngressOnly = false
param adminAddressRanges = []

// The pipeline that may release: one repository, one environment with its approvers.
// param deployerSubject = 'repo:ORGANIZATION/REPOSITORY:environment:production'
// The console's app registration.
// param consoleClientId = '00000000-0000-0000-0000-000000000000'
