"""THE SECOND OPINION: the exchange once more, naive and slow, from its documents alone. Standard library only."""
