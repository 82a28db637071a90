"""A sound whose channels hold one speaker each becomes a mono sound for each speaker."""

from collections.abc import Sequence

from core.audio import channels
from core.errors import AudioError
from core.ingest.entries import Sound
from core.messages import Message, Names

ONE_SOUND = Message("recording whose channels hold the same sound: kept as one recording")


def parted(sound: Sound, speakers: Sequence[str], where: str) -> list[Sound]:
    """The sound of each of `speakers`; [] if all channels are the same. `AudioError` if their number differs."""
    waves = channels.split(sound.data, where)
    if len(waves) != len(speakers):
        raise AudioError(
            where, "its channels are {n}, and {names} are named", n=len(waves), names=Names(speakers)
        )  # fmt: skip
    if len(set(waves)) == 1:
        return []
    return [Sound(wave, "WAV", sound.duration_ms, sound.sample_rate_hz, ()) for wave in waves]
