"""Diagnostics and reliability harness for generative-video APIs."""

__version__ = "0.1.0"
