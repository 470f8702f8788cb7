"""What goes wrong with the other disk."""


class StoreError(Exception):
    """What is on disk cannot be used or written: the message says what, and what helps where something does."""
