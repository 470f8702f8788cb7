"""The compiled part of the core: orders, books, balances, fills and fees. The README tells its layouts."""
