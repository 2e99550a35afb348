"""The rows of the tables, field for field as the domain's values."""
