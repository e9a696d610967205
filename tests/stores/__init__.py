"""The stores against a real Azurite: what is written is read, and faults are ours."""
