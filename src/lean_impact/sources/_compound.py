"""Find one stream in a compound file, the small file system that an xls file is [1]_.

References
----------
.. [1] Microsoft, [MS-CFB]: Compound File Binary File Format.
"""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["read_stream"]

_SECTOR_SHIFTS: Final = (9, 12)
_NO_SECTOR: Final = 0xFFFFFFFA
"""From this number on a sector number means the end of a chain, a free sector or a table."""

_IN_HEADER: Final = 109
_ENTRY: Final = 128
_STREAM, _ROOT = 2, 5


class _Sectors:
    """Sectors of one size with the table that chains them."""

    def __init__(self, content: bytes, shift: int, table: tuple[int, ...]) -> None:
        self._content, self._shift, self._table = content, shift, table

    def chain(self, first: int) -> bytes:
        """Return the bytes of the chain that starts at a sector."""
        parts: list[bytes] = []
        sector = first
        while sector < _NO_SECTOR:
            if len(parts) > len(self._table):
                raise ValueError("a chain of sectors runs in a circle")
            parts.append(self.sector(sector))
            sector = self._table[sector]
        return b"".join(parts)

    def sector(self, number: int) -> bytes:
        """Return the bytes of one sector; the last one of a file may be short."""
        start = number << self._shift
        if start >= len(self._content):
            raise ValueError(f"sector {number} lies beyond the end of the file")
        return self._content[start : start + (1 << self._shift)]


def read_stream(content: bytes, name: str) -> bytes:
    """Return a stream of the root folder of a compound file.

    Parameters
    ----------
    content : bytes
        The whole file.
    name : str
        Name of the stream.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    ValueError, IndexError, struct.error
        If the file is damaged or has no such stream.
    """
    shift, mini_shift = struct.unpack_from("<HH", content, 30)
    if shift not in _SECTOR_SHIFTS:
        raise ValueError(f"sectors of 2^{shift} bytes")
    _, directory, _, cutoff, mini_table, _ = struct.unpack_from("<6I", content, 44)
    # Sector 0 follows the header, which fills one sector.
    body = content[1 << shift :]
    big = _Sectors(body, shift, _allocation(content, _Sectors(body, shift, ())))
    entries = _entries(big.chain(directory))
    if name not in entries:
        raise ValueError(f"it has no stream '{name}'")
    _, start, size = entries[name]
    if size >= cutoff:
        return _cut(big.chain(start), size)
    root = next(first for kind, first, _ in entries.values() if kind == _ROOT)
    small = _Sectors(big.chain(root), mini_shift, _numbers(big.chain(mini_table)))
    return _cut(small.chain(start), size)


def _cut(stream: bytes, size: int) -> bytes:
    if len(stream) < size:
        raise ValueError(f"a stream of {size} bytes ends after {len(stream)}")
    return stream[:size]


def _numbers(content: bytes) -> tuple[int, ...]:
    return struct.unpack_from(f"<{len(content) // 4}I", content)


def _allocation(content: bytes, sectors: _Sectors) -> tuple[int, ...]:
    """Return the table that says which sector follows which; its own sectors are listed in the header."""
    listed = list(struct.unpack_from(f"<{_IN_HEADER}I", content, 76))
    more, n_more = struct.unpack_from("<II", content, 68)
    for _ in range(n_more):
        if more >= _NO_SECTOR:
            break
        *numbers, more = _numbers(sectors.sector(more))
        listed += numbers
    return tuple(
        number for sector in listed if sector < _NO_SECTOR for number in _numbers(sectors.sector(sector))
    )


def _entries(directory: bytes) -> dict[str, tuple[int, int, int]]:
    """Return kind, first sector and size of each entry, by name."""
    entries: dict[str, tuple[int, int, int]] = {}
    for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
        length, kind = struct.unpack_from("<HB", directory, at + 64)
        if kind in {_STREAM, _ROOT}:
            name = directory[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
            start, size = struct.unpack_from("<II", directory, at + 116)
            entries.setdefault(name, (kind, start, size))
    return entries
