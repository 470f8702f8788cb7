"""The tree over all commands, as RFC 6962 has it: leaf = SHA-256(0, content), node = SHA-256(1, left, right).

Kept as files of whole subtrees, one for each height, 32 bytes a node, so a root or a path of any earlier size takes
a few reads. A node is written when its subtree is whole and never changes; everything here can be deleted and made
anew.
"""

import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

NODE_BYTES = 32
HEIGHTS_MAX = 48
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(content: bytes) -> bytes:
    return sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def largest_half(size: int) -> int:
    """The largest power of two below `size`, which is 2 or more: how many leaves stand left."""
    return 1 << (size - 1).bit_length() - 1


class Tree:
    """A tree in a directory. One process appends; any may read sizes that it has heard of."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.files: dict[int, int] = {}

    def file(self, height: int) -> int:
        if height not in self.files:
            path = self.directory / f"height-{height:02d}"
            self.files[height] = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        return self.files[height]

    def close(self) -> None:
        for descriptor in self.files.values():
            os.close(descriptor)
        self.files.clear()

    @property
    def size(self) -> int:
        """How many leaves are there."""
        return os.fstat(self.file(0)).st_size // NODE_BYTES

    def node(self, height: int, number: int) -> bytes:
        """The hash of a whole subtree. LookupError where it is not there."""
        found = os.pread(self.file(height), NODE_BYTES, number * NODE_BYTES)
        if len(found) != NODE_BYTES:
            raise LookupError(f"the tree has no node {number} at height {height}")
        return found

    def extend(self, hashes: Iterable[bytes]) -> int:
        """Append leaves; returns the size then. Greater heights first: what a crash leaves out is made again."""
        level = list(hashes)
        first = self.size
        size = first + len(level)
        written: list[tuple[int, int, bytes]] = []
        for height in range(HEIGHTS_MAX):
            written.append((height, first, b"".join(level)))
            if first % 2 and level:
                level.insert(0, self.node(height, first - 1))
                first -= 1
            level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
            first //= 2
            if not level:
                break
        for height, number, content in reversed(written):
            os.pwrite(self.file(height), content, number * NODE_BYTES)
        return size

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves."""
        return self.subtree(0, size) if size else EMPTY_ROOT

    def subtree(self, first: int, size: int) -> bytes:
        if size & (size - 1) == 0 and first % size == 0:
            height = size.bit_length() - 1
            return self.node(height, first >> height)
        left = largest_half(size)
        return node_hash(self.subtree(first, left), self.subtree(first + left, size - left))

    def path(self, number: int, size: int) -> list[bytes]:
        """What leads from leaf `number` (from 0) to the root over `size` leaves, nearest first."""
        if not 0 <= number < size:
            raise LookupError(f"a tree of {size} leaves has no leaf {number}")
        found = []
        first = 0
        while size > 1:
            left = largest_half(size)
            if number < left:
                found.append(self.subtree(first + left, size - left))
                size = left
            else:
                found.append(self.subtree(first, left))
                first, number, size = first + left, number - left, size - left
        return found[::-1]


def root_by_path(content: bytes, number: int, size: int, path: list[bytes]) -> bytes:
    """The root that a leaf's content and its path give. ValueError where the path has another length."""
    turns = []
    while size > 1:
        left = largest_half(size)
        is_left = number < left
        turns.append(is_left)
        number, size = (number, left) if is_left else (number - left, size - left)
    if len(turns) != len(path):
        raise ValueError(f"a path of {len(path)} nodes, {len(turns)} lead there")
    found = leaf_hash(content)
    for is_left, other in zip(reversed(turns), path, strict=True):
        found = node_hash(found, other) if is_left else node_hash(other, found)
    return found
