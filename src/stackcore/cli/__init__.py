"""The command line: it parses, calls `stackcore.api` and shows events; it decides nothing."""
