"""The path of a scan against a real Azurite, with transports that follow a script."""
