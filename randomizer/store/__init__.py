"""Tables, unit of work, migrations. Rows never leave this package."""
