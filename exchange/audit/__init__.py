"""The auditor: what a journal says, checked without the code that decided it."""
