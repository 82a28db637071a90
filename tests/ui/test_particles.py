"""A Korean particle after a value has the form that a reader would say, wherever a translation is filled."""

import json

import pytest

from core.messages import ClassName, Instant, Message, SchemeName
from core.ui import particles
from core.ui.i18n import _, catalogue, in_language
from core.ui.translation import translate


@pytest.mark.parametrize(
    ("template", "value", "sentence"),
    [
        ("{x}을(를) 찾았습니다", "라벨", "라벨을 찾았습니다"),
        ("{x}을(를) 찾았습니다", "보기", "보기를 찾았습니다"),
        ("{x}이(가) 없습니다", "김큐", "김큐가 없습니다"),
        ("{x!r}은(는) 이름입니다", "위험", "'위험'은 이름입니다"),
        ("{x}과(와) 같습니다", "표", "표와 같습니다"),
        ("{x}(으)로 바꿉니다", "라벨", "라벨로 바꿉니다"),
        ("{x}(으)로 바꿉니다", "위급", "위급으로 바꿉니다"),
        ("{x}(으)로 바꿉니다", "분류", "분류로 바꿉니다"),
        ("발화 {x}이(가)", 10, "발화 10이"),
        ("발화 {x}이(가)", 12, "발화 12가"),
        ("발화 {x}(으)로", 7, "발화 7로"),
        ("발화 {x}(으)로", 13, "발화 13으로"),
        ("{x}이(가)", "95%", "95%가"),
        ("{x}은(는)", "JSON", "JSON은"),
        ("{x}은(는)", "WAV", "WAV는"),
        ("{x}은(는)", "a.xlsx", "a.xlsx는"),
        ("{x}은(는)", "위험 (제안됨)", "위험 (제안됨)은"),
    ],
)
def test_the_particle_fits_the_value(template: str, value: object, sentence: str) -> None:
    assert particles.template(template).format(x=value) == sentence


@pytest.mark.parametrize("value", ["pipeline", "text", "user", "!!", ""])
def test_both_forms_stay_where_the_sound_is_unknown(value: str) -> None:
    assert particles.template("{x}을(를) 씁니다").format(x=value) == f"{value}을(를) 씁니다"


def test_other_templates_stay_plain_strings() -> None:
    assert type(particles.template("발화 {n}개(전체)")) is str
    assert json.dumps({"a": particles.template("{x}을(를)")}, ensure_ascii=False) == '{"a": "{x}을(를)"}'


def test_pages_and_messages_choose_particles() -> None:
    with in_language("ko"):
        assert _("no utterance {utterance_id}").format(utterance_id=3) == "발화 3이 없습니다"
        assert translate(Message("no utterance {utterance_id}", utterance_id=4)) == "발화 4가 없습니다"
        label = Message("unknown {scheme} class", scheme=SchemeName("danger"))
        assert "(" not in translate(Message("{field} {name!r} came before, in {place}: the first is kept",
                                            field="ID", name="7", place=label))  # fmt: skip
        error = Message("{text!r} means class {other!r} already; a spelling means one class", text="x", other="위험")
        assert "을(를)" not in translate(error)
        assert translate(ClassName("danger", "danger"))
        undone = Message("bulk action {bulk_id} was undone already, at {undone_at}", bulk_id=3,
                         undone_at=Instant("2026-12-01T03:04:05.000000+00:00"))  # fmt: skip
        assert translate(undone) == "일괄 작업 3은 2026-12-01 03:04 UTC에 이미 되돌렸습니다", "the reader's minute"
    assert catalogue("en").gettext("no utterance {utterance_id}") == "no utterance {utterance_id}"
