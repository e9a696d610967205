"""What runs on one machine, tested as it runs there."""
