"""Changes to files of any format, and what every refusal must look like."""

from __future__ import annotations

import random
from pathlib import Path

from covey import CoveyError

LONGEST_MESSAGE = 2000
"""Characters; a refused experiment file may have several problems, one a line."""


def write(path: Path, content: bytes) -> None:
    """Write a new file: an old one may be mapped, and some systems wait for the disk when one is overwritten."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def flip_bits(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def splice(content: bytes, rng: random.Random) -> bytes:
    """Copy a piece of the content to another position, replacing what was there or not."""
    start, end = sorted(rng.randrange(len(content)) for _ in range(2))
    position = rng.randrange(len(content))
    return content[:position] + content[start:end] + content[position + rng.choice((0, end - start)) :]


def set_integer(content: bytes, rng: random.Random) -> bytes:
    """Put an extreme number somewhere among the first bytes, where formats have their sizes."""
    position = rng.randrange(min(len(content) - 8, 200))
    number = rng.choice([0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1])
    width = next(width for width in (1, 2, 4, 8) if number < 256**width)
    return content[:position] + number.to_bytes(width, rng.choice(("little", "big"))) + content[position + width :]


def check_message(error: CoveyError) -> None:
    """Check that a refusal is a text that a terminal can show, and not a dump of the file."""
    message = str(error)
    assert message.strip()
    assert len(message) <= LONGEST_MESSAGE, message[:500]
    message.encode("utf-8", "surrogateescape")
