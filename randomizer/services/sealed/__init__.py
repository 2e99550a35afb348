"""From a signed definition to a sealed bundle, and checking one: nothing here knows a participant."""
