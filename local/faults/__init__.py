"""Faults on order, and what each does to a call."""
