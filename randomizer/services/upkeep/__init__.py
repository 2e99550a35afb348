"""What the jobs process does, and backups."""
