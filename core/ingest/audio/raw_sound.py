"""Reads the audio of a member, also one without a header: KsponSpeech's `.pcm`, which becomes a WAV.

Such a file is known by its suffix, because its first bytes can look like anything: silence just below zero begins like
an MP3. A file of that suffix with the header of another format is read as that.
"""

from core.audio import pcm
from core.audio.header import may_be_sound
from core.errors import AudioError
from core.files.content import HEAD_BYTES
from core.ingest.archives import Member
from core.ingest.entries import Sound, read_sound
from core.messages import Message

NOISE = Message("sound without a header that looks like noise: is it 16 bit, mono, and of this sampling rate?")
_HEADERS = (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS", b"FORM", b".snd")


def is_headerless(member: Member) -> bool:
    """Whether `member` is sound without a header."""
    return member.suffix in pcm.SUFFIXES and member.size > 0 and member.head(4) not in _HEADERS


def is_sound(member: Member) -> bool:
    """Whether `member` is audio that can be read, by its first bytes or as sound without a header."""
    return may_be_sound(member.head(HEAD_BYTES)) or is_headerless(member)


def read_member(member: Member, pcm_hz: int = pcm.RATE_HZ) -> Sound:
    """The audio of `member`; sound without a header has `pcm_hz`. `AudioError` if it is no audio."""
    if not is_headerless(member):
        return read_sound(member, member.name)
    data = member.read()
    if len(data) < 2:
        raise AudioError(member.name, "zero frames: nothing could be decoded", kind="no-frames")
    sound = read_sound(pcm.to_wav(data, pcm_hz), member.name)
    notes = (Message("sound without a header: read as 16 bit, mono, {rate} Hz", rate=pcm_hz),)
    return Sound(
        sound.data, sound.kind, sound.duration_ms, sound.sample_rate_hz,
        sound.notes + notes + ((NOISE,) if pcm.is_noise(data) else ()),
    )  # fmt: skip
