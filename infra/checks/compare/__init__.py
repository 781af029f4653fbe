"""Holding code, Bicep and Terraform against each other; each difference in words that name both sides."""
