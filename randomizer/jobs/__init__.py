"""The jobs process: checkpoints, notices, reminders, expiry, sweeping and the nightly check."""
