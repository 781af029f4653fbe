"""Play Entra: sends what Microsoft Entra ID's provisioning service sends, and checks what became of it."""
