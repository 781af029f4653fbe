"""The report: a durable entry for every outcome, written with the link it is about, searched later, kept for a time."""
