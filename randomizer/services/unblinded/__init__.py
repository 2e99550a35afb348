"""Everything that may open an envelope; only the code-break door reaches this package."""
