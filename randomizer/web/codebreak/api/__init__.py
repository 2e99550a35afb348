"""The API of the code-break door: the same acts and lists as the pages, for programs.

An `Idempotency-Key` is accepted and nothing is kept under it: no answer of this door is ever stored.
"""
