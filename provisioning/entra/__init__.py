"""Entra's side as code: an enterprise application's synchronization schema, from a file. An operator's command."""
