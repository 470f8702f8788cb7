"""OTHER DISK: the encrypted vault, and history, a read model that can be deleted."""
