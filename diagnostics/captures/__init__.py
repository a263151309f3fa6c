"""The readers of other people's files: a module a format, each binding `READER`."""
