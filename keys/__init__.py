"""Seals, commitments, shares, custody and signed notes: bytes in, bytes out. Knows no Flask, SQL or trial."""
