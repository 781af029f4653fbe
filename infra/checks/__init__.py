"""The offline checks of the templates: ``python -m infra.checks``. Nothing here talks to Azure."""
