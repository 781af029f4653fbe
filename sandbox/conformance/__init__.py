"""The public SCIM suites, run on the whole local system: each against an empty hub, in its documented profile."""
