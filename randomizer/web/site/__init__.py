"""The site door: everything that blinded people do."""
