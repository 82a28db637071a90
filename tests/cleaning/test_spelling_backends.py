"""Spellers of other packages: matchum's rules, and korector against a local server that answers as the service does."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from core.cleaning import SPELLERS, suggest
from core.cleaning.plan import parse_toml
from core.cleaning.spelling.backends import korector, matchum
from core.cleaning.spelling.spelling import REMOTE
from core.errors import InputError, MissingBackend

OLD, NEW = "a" * 40, "b" * 40
needs_korector = pytest.mark.skipif(not SPELLERS["korector"].installed(), reason=SPELLERS["korector"].install)
needs_matchum = pytest.mark.skipif(not SPELLERS["matchum"].installed(), reason=SPELLERS["matchum"].install)


@dataclass
class Service:
    """Stands for the service: its key, what it was asked, and whether it answers with an error of its own."""

    key: str = NEW
    asked: list[str] = field(default_factory=list)
    keys_given: int = 0
    status: int = 200
    broken: bool = False

    def page(self) -> str:
        self.keys_given += 1
        return f'checker: "https://ts-proxy.naver.com/ocontent/util/SpellerProxy?passportKey={self.key}"'

    def answer(self, query: dict[str, list[str]]) -> str:
        (text,) = query["q"]
        self.asked.append(text)
        if self.broken or query["passportKey"] != [self.key]:
            return f"{query['_callback'][0]}({json.dumps({'message': {'error': '유효한 키가 아닙니다.'}})});"
        right = text.replace("됬", "됐").replace("<", "&lt;").replace("&&", "&amp;&amp;")
        result = {"notag_html": right, "html": right, "origin_html": text, "errata_count": 1}
        return f"{query['_callback'][0]}({json.dumps({'message': {'result': result}})});"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    state = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            body = state.page() if url.path == "/search" else state.answer(parse_qs(url.query))
            self.send_response(200 if url.path == "/search" else state.status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    korector.client.cache_clear()
    client = korector.client()
    address = f"http://127.0.0.1:{server.server_port}"
    client.base_url, client.search_url = f"{address}/check", f"{address}/search"
    yield state
    korector.client.cache_clear()
    server.shutdown()
    server.server_close()


def corrected(*texts: str) -> list[str | None]:
    return [change.after if change else None for change in korector.correct(texts, 0.0, "none")]


@needs_korector
@pytest.mark.integration  # it starts a local server
def test_korector_corrects_and_sends_nothing_personal(service: Service, tmp_path: Path) -> None:
    texts = [
        "안됬어요",
        "네",
        " 안됬어요 ",
        "010-1234-5678 됬어요",
        "010—1234—5678 됬어요",
        "[이름] 씨 됬어요",
        "",
        "됬" * 451,
        "a<b 됬 && c",
    ]
    assert corrected(*texts) == ["안됐어요", None, " 안됐어요 ", None, None, None, None, None, "a<b 됐 && c"]
    assert service.asked == ["안됬어요", "네", "안됬어요", "a<b 됬 && c"]
    assert service.keys_given == 1, "the key is fetched once"
    assert list(tmp_path.iterdir()) == [], "no key is written to the home folder"
    assert korector.correct(["안됬어요"], 0.9, "none") == [None], "less sure than wanted: not even sent"


@needs_korector
@pytest.mark.integration  # it starts a local server
def test_a_key_that_the_service_does_not_take_any_more_is_renewed(service: Service) -> None:
    """The service answers an old key with 200 and no result, which the package takes for "nothing to correct"."""
    korector.client().passport_key = OLD
    assert corrected("안됬어요") == ["안됐어요"]
    assert service.keys_given == 1
    service.key = "c" * 40
    assert corrected("잘됬어요") == ["잘됐어요"]


@needs_korector
@pytest.mark.integration  # it starts a local server
def test_a_service_that_fails_is_one_error_that_quotes_no_text(service: Service) -> None:
    service.status = 503
    with pytest.raises(
        MissingBackend, match=r"the spelling service behind korector gave no answer \(HTTP 503\); use offline"
    ):
        corrected("우리집 비밀 이야기됬어요")
    service.status, service.broken = 200, True
    with pytest.raises(MissingBackend, match=r"\(no result\)"):
        corrected("네")
    korector.client().base_url = "http://127.0.0.1:9/check"
    with pytest.raises(MissingBackend) as failed:
        corrected("우리집비밀됬어요")
    assert "비밀" not in str(failed.value)
    assert "%EB" not in str(failed.value)


def test_korector_needs_the_same_consent_as_hanspell() -> None:
    assert {"hanspell", "korector"} == REMOTE
    plan = parse_toml("[[steps]]\nname = 'spelling'\nbackend = 'korector'", "x")
    assert plan.remote == ("spelling",)
    with pytest.raises(InputError, match=r"'spelling' with backend 'korector' sends every text to a third party"):
        suggest(plan, "네")


@needs_matchum
def test_matchum_corrects_spelling_only_and_keeps_placeholders() -> None:
    texts = [
        "몇일 뒤에 연락할께요",
        "할수있어요",
        "[전화]로 연락할께요",
        "",
        " ",
        "가" * 6000,
        "\ud800할께요",
        "🔥 할께요 👩‍🚒",
        "괜찮아요",
    ]
    changes = matchum.correct(texts, 0.0, "none")
    assert [change.after if change else None for change in changes] == [
        "며칠 뒤에 연락할게요", None, "[전화]로 연락할게요", None, None, None, None, "🔥 할게요 👩‍🚒", None,
    ]  # fmt: skip
    assert changes[0] is not None
    assert changes[0].reason.startswith("몇일 → 며칠 (")
    assert matchum.correct(texts[:1], 0.9, "none") == [None]


@pytest.mark.parametrize("name", ["korector", "matchum"])
def test_an_absent_speller_names_the_command(name: str) -> None:
    row = SPELLERS[name]
    assert row.install == f"pip install {name}=={'1.0.6.4' if name == 'korector' else '0.1.3'}"
    assert row.needs == (name,)
