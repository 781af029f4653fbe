"""The protocol edge: Entra's dialect, the SCIM service, and who may call it."""
