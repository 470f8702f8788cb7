"""THE LOOP: sequencing, time, durability, recovery."""
