"""The story of a rehearsal trial: the people, the simulated clock, and every participant's life."""
