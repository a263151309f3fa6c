"""Scenarios: one module each, found by the command line."""
