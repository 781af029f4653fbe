"""Convergence: jobs, plans, leases, retries, escrow, quarantine. It decides; connectors do."""
