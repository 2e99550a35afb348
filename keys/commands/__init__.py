"""The offline commands of ``python -m keys``, one module for each act."""
