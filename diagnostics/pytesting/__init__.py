"""What stands behind the pytest plugin? Loaded only by tests that use it."""
