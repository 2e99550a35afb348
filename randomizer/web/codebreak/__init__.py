"""The code-break door: code breaks, preparation, clearance, lock and release. One process."""
