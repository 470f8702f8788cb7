"""Worked examples, to be copied: each module has one strategy class."""
