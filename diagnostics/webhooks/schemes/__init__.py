"""How can a callback be signed? One module a scheme; a contract names it (`webhook.scheme`)."""
