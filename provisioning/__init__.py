"""The hub: SCIM edge, directory, connections, engine, imports, reports, admin API. It knows no particular system."""
