"""The API of the site door: the same acts and lists as the pages, for programs."""
