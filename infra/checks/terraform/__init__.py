"""Reading Terraform: the program, run against providers that know their schemas only."""
