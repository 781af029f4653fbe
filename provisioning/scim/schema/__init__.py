"""What resources may hold: the schemas, an organisation's own among them, and what is made from them."""
