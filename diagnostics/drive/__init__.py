"""Drivers: what answers a request."""
