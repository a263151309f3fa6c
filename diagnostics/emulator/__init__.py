"""A provider that follows its contract and misbehaves on request."""
