"""Finds FLAC sound behind bytes that are no header, by the checksum of its frames; FFmpeg then reads it."""

from core.audio.repair.mpeg import JUNK_BYTES

_LONGER = {6: 1, 7: 2}  # sizes of a block that follow the frame's number, in bytes
_RATES = {12: 1, 13: 2, 14: 2}  # the same for the sample rate


def is_hidden(head: bytes) -> bool:
    """Whether the first bytes of a file hold the header of a FLAC frame."""
    at = head.find(b"\xff", 0, JUNK_BYTES)
    while at >= 0:
        if _is_frame(head, at):
            return True
        at = head.find(b"\xff", at + 1, JUNK_BYTES)
    return False


def _is_frame(data: bytes, at: int) -> bool:
    header = data[at : at + 16]
    if len(header) < 16 or header[1] & 0xFE != 0xF8:
        return False
    block, rate = header[2] >> 4, header[2] & 15
    if not block or rate == 15 or header[3] >> 4 > 10 or header[3] & 1 or header[3] >> 1 & 7 == 3:
        return False
    first = header[4]
    more = 0 if first < 0x80 else len(bin(first ^ 0xFF)[2:].zfill(8).partition("1")[0]) - 1
    end = 5 + more + _LONGER.get(block, 0) + _RATES.get(rate, 0)
    return more < 7 and end < 16 and _crc8(header[:end]) == header[end]


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x07 if crc & 0x80 else 0)) & 0xFF
    return crc
