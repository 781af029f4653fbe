"""The hub's own directory: resources, memberships, uniqueness, look-up and outbox, in Table Storage."""
