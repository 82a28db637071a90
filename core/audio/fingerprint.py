"""Fingerprints of sound: near-identical recordings have near-equal ones, whatever their level, format or rate.

After Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System" (ISMIR 2002): each frame of 256 ms, every 32 ms,
gives 32 bits, the signs of how the energy of 33 bands between 300 and 3,000 Hz changes across bands and time.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
WINDOW, HOP = 4096, 512
BLOCK = 1024  # frames that are measured together, half a minute: they overlap, so all together need much memory
BANDS = 33
LOW_HZ, HIGH_HZ = 300.0, 3000.0
MOST_ERRORS = 0.25  # share of bits; two different sounds differ in about half
SHIFT = 16  # frames that one may begin later
SHARED = 2  # equal frames that make two sounds worth comparing
COMMON = 100  # a frame that so many sounds have (silence, a tone) tells nothing
SHORTEST = 6  # frames

Fingerprint = NDArray[np.uint32]


def fingerprint(wave: NDArray[np.float32]) -> Fingerprint:
    """uint32 (frames,) of `wave` float32 (n,), mono, 16 kHz; empty where it is shorter than two frames."""
    if len(wave) < WINDOW + HOP:
        return np.zeros(0, np.uint32)
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP]
    energy = np.concatenate([_energy(frames[first : first + BLOCK]) for first in range(0, len(frames), BLOCK)])
    across = np.diff(energy, axis=1)
    bits = np.diff(across, axis=0) > 0
    return bits.astype(np.uint32) @ (np.uint32(1) << np.arange(BANDS - 1, dtype=np.uint32))


def _energy(frames: NDArray[np.float32]) -> NDArray[np.floating]:
    """The energy of some frames in each band, (frames, 33)."""
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW).astype(np.float32), axis=1)) ** 2
    edges = np.geomspace(LOW_HZ, HIGH_HZ, BANDS + 1) * WINDOW / RATE_HZ
    return np.asarray(np.add.reduceat(power, edges.astype(np.int64), axis=1)[:, :BANDS])


def differ(first: Fingerprint, second: Fingerprint) -> float:
    """The smallest share of differing bits over shifts of up to half a second; 1 where lengths differ by far."""
    short, long = sorted((first, second), key=len)
    if len(short) < SHORTEST or len(long) - len(short) > SHIFT:
        return 1.0
    best = 1.0
    for shift in range(-SHIFT // 2, len(long) - len(short) + SHIFT // 2 + 1):
        a, b = short[max(0, -shift) :], long[max(0, shift) :]
        n = min(len(a), len(b))
        if n >= max(SHORTEST, 0.8 * len(short)):
            best = min(best, float(np.bitwise_count(a[:n] ^ b[:n]).mean()) / (BANDS - 1))
    return best


def near_identical(prints: Sequence[Fingerprint]) -> Iterator[tuple[int, int]]:
    """Pairs of indices of near-identical sounds; only those that share some equal frames are compared."""
    holders: dict[int, list[int]] = {}
    for number, frames in enumerate(prints):
        for value in np.unique(frames).tolist():
            holders.setdefault(value, []).append(number)
    shared: Counter[tuple[int, int]] = Counter()
    for numbers in holders.values():
        if 1 < len(numbers) <= COMMON:
            shared.update(combinations(numbers, 2))
    for (first, second), n in sorted(shared.items()):
        if n >= SHARED and differ(prints[first], prints[second]) <= MOST_ERRORS:
            yield first, second
