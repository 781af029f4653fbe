# Before production: the same shape, so that load tests and rehearsals tell the truth, without what only money buys
# (warm instances, zones). Cold starts are to be expected.

organization = "contoso"
environment  = "tst"
location     = "westeurope"
budget_start = "2026-12-01"

# Memory and concurrency are production's: their defaults.
# Test targets are smaller than the real ones.
maximum_instance_count = 10

# Whoever tests the alerts.
alert_emails = ["lockstep-test@contoso.example"]

# To be decided together with production, and set alike: isolate_network, entra_ingress_only with admin_address_ranges.
# deployer_subject = "repo:ORGANIZATION/REPOSITORY:environment:test"
