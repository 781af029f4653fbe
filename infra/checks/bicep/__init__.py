"""Reading Bicep: what a template would deploy for given parameters."""
