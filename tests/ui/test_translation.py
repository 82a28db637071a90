"""Messages of the layers below in Korean: the template is translated, and each field that has a Korean name."""

import re

import pytest

from core.errors import AudioError, BadRecord, InputError, UnknownName
from core.filters import from_pairs
from core.messages import ClassName, Message, Names, SchemeName, Word
from core.quality import CHECKS
from core.schemes import URGENCY
from core.ui import i18n, translation


def test_every_check_is_told_in_korean() -> None:
    for check in CHECKS.values():
        translated = translation.translate(check.finding(1200, ()).message)
        assert re.search("[가-힣]", translated), check.name
        assert "1,200" in translated
        assert "{" not in translated


@pytest.mark.parametrize(
    ("message", "korean"),
    [
        (Message("is empty"), "비어 있습니다"),
        (BadRecord("a: b.csv", "is empty").message, "a: b.csv: 비어 있습니다"),
        (Message("scheme {name} is settled already", name=SchemeName("urgency")),
         "라벨 체계 긴급도는 이미 확정되었습니다"),
        (Message("{label} {n}", label=ClassName("urgency", "high"), n=3), "상 3"),
        (Names([Word("white space"), Word("not NFC")]), "공백, NFC 형식이 아님"),
        ("no text", "텍스트가 없습니다"),  # as it was stored before messages had templates
        ("nobody wrote this {0}", "nobody wrote this {0}"),
        ("", ""),
    ],
)  # fmt: skip
def test_it_is_shown_in_korean(message: str, korean: str) -> None:
    assert translation.translate(message) == korean


def test_hostile_fields_are_data(monkeypatch: pytest.MonkeyPatch) -> None:
    error = InputError("no view {name!r}", name="{who} {0} %s")
    assert "'{who} {0} %s'" in translation.translate(error.message)
    unknown = Message("nobody translates {name}", name="{x}")
    assert translation.translate(unknown) == "nobody translates {x}"
    monkeypatch.setattr(i18n, "DEFAULT", "en")
    assert translation.translate(error.message) == str(error)
    assert translation.translate(Message("{label} {n}", label=ClassName("urgency", "high"), n=3)) == "High 3"


def test_real_errors_are_korean_to_the_last_word() -> None:
    with pytest.raises(UnknownName) as unknown:
        URGENCY.index("x")
    assert (
        translation.translate(unknown.value.message) == "알 수 없는 긴급도 클래스 'x'. 쓸 수 있는 것: low, medium, high"
    )
    with pytest.raises(InputError) as odd:
        from_pairs(["skipped=maybe"])
    assert translation.translate(odd.value.message) == "필터 skipped=maybe: true나 false를 적으세요"
    silent = AudioError("a.wav", "all-silent: every sample is zero", kind="silent")
    assert translation.translate(silent.message) == "a.wav: 무음입니다. 모든 샘플이 0입니다"
