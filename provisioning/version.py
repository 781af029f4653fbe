"""The version of the package, as ``/healthz`` reports it and as a deployment waits for it."""

VERSION = "0.1.0"
