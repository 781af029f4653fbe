"""Backups: the hub's tables as files in a blob container, written every night and brought back by a command."""
