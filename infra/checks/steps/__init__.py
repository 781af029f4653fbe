"""One check a module: ``run(checkout)`` returns a result, or raises ``Skipped``."""
