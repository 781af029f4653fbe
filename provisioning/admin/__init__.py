"""The admin API under ``/api``: FastAPI behind one HTTP function, imported with its first request."""
