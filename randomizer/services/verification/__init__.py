"""Verification of a public record and, where it is there, a release: only bytes, no database, no secret."""
