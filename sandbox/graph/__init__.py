"""A simulator of the part of Microsoft Graph that Lockstep speaks: one tenant, in memory, over TLS.

It is for tests and trials. Its shapes are held to Microsoft's metadata, its behaviour to Microsoft's documentation;
docs/graph-simulator.md says what it does, its knobs, and what it does not prove.
"""
