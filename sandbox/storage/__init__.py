"""An indexed Table and Queue service for benchmarks and soak runs: the public REST protocol over an in-memory SQLite.

Azurite walks its rows one by one: at 300,000 of them a point read takes 33 ms and a transaction of six 130 ms, so that
a directory of 100,000 people shows the emulator's cost and not the hub's. Here a read costs the same at any size. It is
held to Azurite by ``tests/sandbox/storage``: the same requests, by the SDK and by the hub's own client, the same
answers.

What it does not prove: signatures and roles (every caller is let in), limits of the service (sizes, 2,000 entities a
second, throttling, short pages), durability, latency, and the order of keys beyond the Basic Multilingual Plane.
"""
