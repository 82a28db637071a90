"""Files that a browser sends: kept whole or not at all, below their delivery, within the disk; old ones removed."""

import os
import time
from types import SimpleNamespace

import pytest

from core.errors import InputError
from core.files import _machine, write_text
from core.workflows.imports.deliveries import choices, inbox
from core.workflows.workspace import Workspace


def send(ws: Workspace, delivery: str, name: str, data: bytes, size: int | None = None) -> None:
    incoming = inbox.begin(ws, delivery, name, len(data) if size is None else size)
    try:
        incoming.write(data)
        incoming.keep()
    finally:
        incoming.drop()


def test_a_file_keeps_its_path_below_the_delivery(ws: Workspace) -> None:
    delivery = inbox.new_id()
    send(ws, delivery, "납품/1.원천데이터/a.wav", b"RIFF")
    send(ws, delivery, "b.csv", b"text\n")
    assert inbox.files(ws, delivery) == [inbox.Received("b.csv", 5), inbox.Received("납품/1.원천데이터/a.wav", 4)]
    assert [path.name for path in inbox.entries(ws, delivery)] == ["b.csv", "납품"]
    inbox.discard(ws, delivery)
    assert (inbox.files(ws, delivery), inbox.entries(ws, delivery)) == ([], [])


@pytest.mark.parametrize(
    "name",
    ["../x.csv", "a/../../x.csv", "/etc/x.csv", "", "a//b.csv", ".hidden/x.csv", "a\\..\\x.csv", "x\u202e.csv",
     "가" * 70, "/".join("a" * 13)],
)  # fmt: skip
def test_a_name_that_leaves_its_folder_or_cannot_be_kept_is_refused(ws: Workspace, name: str) -> None:
    delivery = inbox.new_id()
    with pytest.raises(InputError, match="a file of this name cannot be taken"):
        inbox.begin(ws, delivery, name, 1)
    assert inbox.files(ws, delivery) == []


def test_a_part_of_a_file_is_no_file(ws: Workspace) -> None:
    delivery = inbox.new_id()
    with pytest.raises(InputError, match=r"a\.csv: only a part of it came"):
        send(ws, delivery, "a.csv", b"12", size=3)
    with pytest.raises(InputError, match=r"a\.csv: more came than was announced"):
        send(ws, delivery, "a.csv", b"1234", size=3)
    assert list(inbox.folder(ws, delivery).iterdir()) == []


def test_a_file_larger_than_the_disk_takes_is_refused_before_it_comes(ws: Workspace) -> None:
    with pytest.raises(InputError, match=r"a\.zip is too large: 60,000 MB; the disk of this server takes up to"):
        inbox.begin(ws, inbox.new_id(), "a.zip", 60_000_000_000)
    assert 0 < inbox.most_bytes(ws) <= inbox.MOST_BYTES


def test_only_an_id_names_a_delivery(ws: Workspace) -> None:
    for name in ("..", "x", "a" * 21 + "/", "a" * 23):
        with pytest.raises(InputError, match="no such upload"):
            inbox.folder(ws, name)


def test_what_nobody_touched_for_a_week_is_removed_unless_a_job_reads_it(ws: Workspace) -> None:
    old, read, new = (inbox.new_id() for _ in range(3))
    for delivery in (old, read, new):
        send(ws, delivery, "a.csv", b"x")
    long_ago = time.time() - inbox.KEPT_S - 60
    for delivery in (old, read):
        os.utime(inbox.folder(ws, delivery), (long_ago, long_ago))
    assert inbox.tidy(ws, {read}) == 1
    assert [bool(inbox.files(ws, delivery)) for delivery in (old, read, new)] == [False, True, True]


def test_choices_are_kept_under_their_token(ws: Workspace) -> None:
    token = inbox.new_id()
    assert choices.load(ws, token) == {}
    choices.save(ws, token, {"text-x": "문장", "ids-x": True, "labels-x": ["판정"], "id-x": None})
    assert choices.load(ws, token) == {"text-x": "문장", "ids-x": True, "labels-x": ["판정"], "id-x": None}
    choices.forget(ws, token)
    assert choices.load(ws, token) == {}
    write_text(ws.settings.home / "imports" / f"{token}.json", "[1")
    assert choices.load(ws, token) == {}
    with pytest.raises(InputError):
        choices.load(ws, "../secret-file")


def test_a_name_is_a_file_or_a_folder(ws: Workspace) -> None:
    delivery = inbox.new_id()
    send(ws, delivery, "a.zip", b"PK")
    send(ws, delivery, "b/c.csv", b"text")
    for name in ("a.zip/d.csv", "b"):
        with pytest.raises(InputError, match="a file and a folder have one name here"):
            inbox.begin(ws, delivery, name, 1)
    assert [file.path for file in inbox.files(ws, delivery)] == ["a.zip", "b/c.csv"]


def test_what_is_on_its_way_leaves_less_room(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SimpleNamespace(free=inbox.RESERVE_BYTES + 100)
    monkeypatch.setattr("shutil.disk_usage", lambda _: disk)
    first = inbox.begin(ws, inbox.new_id(), "a.csv", 80)
    assert inbox.most_bytes(ws) == 20
    with pytest.raises(InputError, match="is too large"):
        inbox.begin(ws, inbox.new_id(), "b.csv", 30)
    first.drop()
    assert inbox.most_bytes(ws) == 100


def test_a_file_keeps_the_time_of_its_sender(ws: Workspace) -> None:
    delivery = inbox.new_id()
    incoming = inbox.begin(ws, delivery, "a.csv", 1, 1_700_000_000_123)
    incoming.write(b"x")
    incoming.keep()
    incoming.drop()
    assert [file.modified_ms for file in inbox.files(ws, delivery)] == [1_700_000_000_123]


def test_an_upload_whose_folders_grow_is_not_old_and_what_a_killed_server_left_goes(ws: Workspace) -> None:
    delivery, place = inbox.new_id(), "납품/2.라벨/a.json"
    send(ws, delivery, place, b"{}")
    long_ago = time.time() - inbox.KEPT_S - 60
    for folder in (inbox.folder(ws, delivery), inbox.folder(ws, delivery) / "납품"):
        os.utime(folder, (long_ago, long_ago))
    killed = inbox.folder(ws, delivery) / "납품" / f".b.json.{_machine()}-4194305-0a0b0c0d.part"
    killed.write_bytes(b"half")
    os.utime(killed.parent, (long_ago, long_ago))
    assert inbox.tidy(ws, set()) == 0
    assert ([file.path for file in inbox.files(ws, delivery)], killed.exists()) == ([place], False)
