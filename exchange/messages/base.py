"""What all messages share: how they are written, and the words for ids and units."""

import msgspec

AccountId = int
AssetId = int
KeyId = int
MarketId = int
UserId = int
Seq = int
Nanoseconds = int
Amount = int


class Command(msgspec.Struct, frozen=True, array_like=True, tag_field="tag", gc=False):
    """Something somebody wants. Tags are given once and kept."""


class Event(msgspec.Struct, frozen=True, array_like=True, tag_field="tag", gc=False):
    """Something that happened: it carries enough for a projection to need nothing else."""


class Reject(Exception):
    """The rules say no. Raised above the line of a handler; the command is journaled and answered, nothing changes."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
