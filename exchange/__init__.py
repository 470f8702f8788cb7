"""Tape: an exchange whose record decides. One thread applies a journal of commands; all else is translation."""

__version__ = "0.1.0"
