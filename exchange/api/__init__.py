"""TRANSLATION ONLY: Binance's wire to commands and queries, and answers back. Only here do its names appear."""
