"""Deployment: templates for Azure (Bicep and Terraform), what both take from the code, and the commands of operators."""
