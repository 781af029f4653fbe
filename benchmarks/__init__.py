"""Counts and ratios, never timed tests: ``make bench`` prints them, ``docs/benchmarks.md`` keeps the last ones."""
