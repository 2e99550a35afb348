"""What the trial is and what may happen in it. Pure: no I/O, no clock, no randomness of its own."""
