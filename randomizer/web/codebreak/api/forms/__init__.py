"""What the API of the code-break door takes and gives, by subject."""
