"""One check a module: ``run(checkout)`` returns a result.

It raises ``Skipped`` where a tool is missing, and ``Unreadable`` where what it looks at is.
"""
