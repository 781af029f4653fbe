"""The local system: everything that makes Lockstep run where there is no Azure. Nothing in the product imports it."""
