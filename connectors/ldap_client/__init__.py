"""LDAP as a client, for every connector that speaks it: settings of servers, TLS, sessions, pooled threads, errors.

``settings`` and ``names`` are pure; ``opening`` -> ``session`` -> ``pool`` carry requests; ``schema`` reads what a
server knows; ``results`` and ``tls`` put failures into words, and ``dialect`` is what a make of server says otherwise.
ldap3 comes in through ``library`` alone. Nothing here knows users or groups.
"""
