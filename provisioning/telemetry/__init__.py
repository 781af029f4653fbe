"""What the hub tells of itself while it runs: structured logs, metrics and traces. Nothing of it decides anything."""
