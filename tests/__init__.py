"""Tests: each name is a sentence about what a user would miss."""
