"""Groundwork's domain: what an account request is, and how an account reaches its baseline."""
