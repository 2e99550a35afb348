"""Randomization of blinded crossover trials: sealed sequences, blinded kits, logged code breaks."""
