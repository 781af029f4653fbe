"""Connections: what an administrator has configured for each external system, how it is stored, opened and mapped."""
