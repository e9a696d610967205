"""Who gets a scan, and by which mails: pure functions, so no stand-ins."""
