"""Whatever a delivery of annotated speech looks like: no text gets another recording's audio, and no text is lost."""

import tempfile
from pathlib import Path, PurePosixPath

from aihub119_files import wav_bytes, write_tree
from hypothesis import given, settings
from hypothesis import strategies as st
from spoken_files import srt

from core.ingest.entries import Entry
from core.ingest.spoken import delivery
from core.ingest.spoken.delivery import Rules
from core.records import NewRecording, Skip

FOLDERS = ("", "1월", "2월", "audio", "labels", "labels/1월", "원천데이터/2월")
STEMS = ("a", "A", "001", "1", "a.ko", "불")
KINDS = ("audio", "labels", "원천데이터")
NAMES = st.tuples(st.sampled_from(FOLDERS), st.sampled_from(STEMS), st.sampled_from((".srt", ".vtt", ".wav", ".WAV")))
SOUND = wav_bytes(100)


def place(name: str) -> tuple[str, str]:
    """The folder that counts, and the stem without language, of a path below the delivery."""
    path = PurePosixPath(name)
    folders = [part for part in path.parts[:-1] if part not in KINDS]
    return (folders[-1] if folders else ""), path.stem.removesuffix(".ko").casefold()


@settings(max_examples=15, deadline=None)
@given(st.sets(NAMES, min_size=1, max_size=9))
def test_no_text_has_foreign_audio_and_none_is_lost(names: set[tuple[str, str, str]]) -> None:
    paths = [f"{folder}/{stem}{suffix}".lstrip("/") for folder, stem, suffix in sorted(names)]
    files = {path: SOUND if path.lower().endswith(".wav") else srt(path) for path in paths}
    with tempfile.TemporaryDirectory() as folder:
        root = write_tree(Path(folder) / "d", files)
        items = list(delivery.read(delivery.index([root], Rules()), "s", {}))
        again = list(delivery.read(delivery.index([root], Rules()), "s", {}))
    assert items == again
    named = {item.where.removeprefix("d/") for item in items if isinstance(item, Skip)}
    imported = {}
    for entry in (item for item in items if isinstance(item, Entry)):
        assert isinstance(entry.record, NewRecording)
        (utterance,) = entry.record.utterances
        imported[utterance.text] = entry.record
        if audio := entry.record.meta.get("audio"):
            (folder_of_text, stem), (folder_of_audio, other) = place(utterance.text), place(audio.removeprefix("d/"))
            assert stem == other
            assert folder_of_text == folder_of_audio or "" in (folder_of_text, folder_of_audio)
    assert len({record.key for record in imported.values()}) == len(imported)
    sounds = [record.meta["audio"] for record in imported.values() if "audio" in record.meta]
    assert len(set(sounds)) == len(sounds), "two recordings have one audio"
    assert {path for path in paths if not path.lower().endswith(".wav")} <= imported.keys() | named
    assert {path for path in paths if path.lower().endswith(".wav")} <= {s.removeprefix("d/") for s in sounds} | named
