"""The blinded acts of a participant's life; none of them needs a key."""
