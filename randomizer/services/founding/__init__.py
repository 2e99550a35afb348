"""From a bundle to an active instance."""
