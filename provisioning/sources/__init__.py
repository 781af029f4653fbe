"""Who may call the SCIM endpoint: sources, their credentials, and what each of them may do."""
