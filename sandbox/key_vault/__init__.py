"""A simulator of one Key Vault's secrets, for tests: its REST API over TLS, with faults that can be turned on.

Held to https://learn.microsoft.com/rest/api/keyvault/secrets and to the page of its error codes. It does not prove
roles, firewalls or tokens: any bearer token that it was told of opens it.
"""
