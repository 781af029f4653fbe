// Before production: the same shape, so that load tests and rehearsals tell the truth, without what only money buys
// (warm instances, zones). Cold starts are to be expected.
using '../main.bicep'

param organization = 'contoso'
param environment = 'tst'
param location = 'westeurope'
param budgetStart = '2026-12-01'

// Memory and concurrency are production's: their defaults.
// Test targets are smaller than the real ones.
param maximumInstanceCount = 10
// Whoever tests the alerts.
param alertEmails = ['lockstep-test@contoso.example']
// To be decided together with production, and set alike: isolateNetwork, entraIngressOnly with adminAddressRanges.
// param deployerSubject = 'repo:ORGANIZATION/REPOSITORY:environment:test'
