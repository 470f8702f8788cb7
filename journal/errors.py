"""Owns the ways in which a journal can fail its user. Each says where, and what was found."""

from __future__ import annotations

from pathlib import Path


class JournalError(Exception):
    """The disk failed (write, fsync, open ...). What is on disk is not known: stop, start again, recover."""

    def __init__(self, step: str, path: Path, offset: int, error: OSError) -> None:
        self.step = step
        self.path = path
        self.offset = offset
        self.errno = error.errno
        super().__init__(f"{step} failed in {path} at offset {offset}: {error.strerror or error} (errno {error.errno})")


class JournalUnusable(Exception):
    """The writer was closed, or failed before; nothing was written by this call."""


class JournalLocked(Exception):
    """Another writer has this journal open."""


class BatchRefused(ValueError):
    """A batch that can not be written as it is (too large, out of order ...); nothing was written, go on."""


class QuarantineRefused(Exception):
    """The entry may have been applied, or does not exist, or is quarantined already; nothing was written."""


class CorruptJournal(Exception):
    """Bytes that do not verify and are not a torn tail. Nothing on disk was changed.

    `path` and `offset` say where; `seq` is the first command that can not be vouched for.
    """

    def __init__(self, path: Path, offset: int, seq: int, reason: str) -> None:
        self.path = path
        self.offset = offset
        self.seq = seq
        self.reason = reason
        super().__init__(f"corrupt journal: {path} at offset {offset}, seq {seq}: {reason}")
