"""A local Azure Functions host: Microsoft's own Python worker package, driven with the real host's semantics.

``python -m sandbox.host --app DIR --port N`` serves a ``function_app.py`` with its ``host.json``: HTTP, queue and
timer triggers, queue outputs, function keys. One process runs one app, because the worker keeps one registry.

What it does not prove: cold start, scale-out and scale-in, the platform's own front end and authentication, managed
identity, Application Insights. A function that runs into ``functionTimeout`` is cancelled here; Azure restarts the
worker process, and everything else that runs in it fails too.
"""
