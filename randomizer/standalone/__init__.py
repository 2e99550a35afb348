"""Programs of one file each, which share nothing with the rest: copy one anywhere and run it by its path."""
