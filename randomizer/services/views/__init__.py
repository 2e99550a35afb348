"""What pages and API show, through the masking policy."""
