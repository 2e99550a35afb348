"""The two doors and the furniture they share."""
