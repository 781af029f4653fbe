"""Deployment: templates for Azure (Bicep and Terraform), what both take from the code, the commands of operators."""
