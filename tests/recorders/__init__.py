"""Other tools that record captures, run as children of the tests."""
