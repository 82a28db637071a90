"""core.workflows.handover.push: what goes to a hub, that it is private, and that no utterance goes along."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cli_driver import answer, failure, run
from workflow_data import trained

from core.runs.card import read_card
from core.workflows.handover.push import readme
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

TOKEN = "hf_secret"


class FakeHub(BaseHTTPRequestHandler):
    """Answers what `push` asks of a hub, and keeps the requests."""

    requests: ClassVar[list[tuple[str, str, Any]]] = []
    refuses = False

    def do_GET(self) -> None:
        self.reply({"error": "You may not read here"}, 403)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        FakeHub.requests.append((self.path, self.headers.get("Authorization", ""), lines))
        if FakeHub.refuses:
            self.reply({"error": "You may not write here"}, 403)
        elif self.path.endswith("/preupload/main"):
            files = [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in lines[0]["files"]]
            self.reply({"files": files})
        elif "/commit/" in self.path:
            self.reply({"commitUrl": f"{self.address}/commit/1", "commitOid": "1" * 40, "success": True})
        else:
            self.reply({"url": self.address, "name": "ann/danger", "id": "1"})

    @property
    def address(self) -> str:
        return f"http://{self.headers['Host']}/ann/danger"

    def reply(self, document: Any, status: int = 200) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, ws: Workspace) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeHub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    FakeHub.requests, FakeHub.refuses = [], False
    endpoint = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    yield endpoint
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_dry_run_shows_files_and_sizes_and_sends_nothing(ws: Workspace, tmp_path: Path, hub: str) -> None:
    model = trained(ws, tmp_path)
    shown = answer("push", model, "ann/danger", "--dry-run")
    assert (shown["repo"], shown["private"], shown["address"]) == ("ann/danger", True, "")
    assert {
        "README.md",
        "weights.safetensors",
        "gwidama/card.json",
        "gwidama/metrics.json",
        "gwidama/danger.toml",
    } <= set(shown["files"])
    assert [name for name in shown["files"] if "predictions" in name or "config.toml" in name] == []
    assert shown["bytes"] == sum(shown["files"].values())
    assert FakeHub.requests == []
    assert "nothing was sent" in run("push", model, "ann/danger", "--dry-run").stdout


def test_a_run_goes_to_a_private_repository_in_one_commit(ws: Workspace, tmp_path: Path, hub: str) -> None:
    model = trained(ws, tmp_path)
    shown = answer("push", model, "ann/danger")
    assert shown["address"] == f"{hub}/ann/danger"
    assert {authorization for _, authorization, _ in FakeHub.requests} == {f"Bearer {TOKEN}"}
    created = next(lines[0] for path, _, lines in FakeHub.requests if path == "/api/repos/create")
    assert created.get("private") is True or created.get("visibility") == "private"
    (commit,) = [lines for path, _, lines in FakeHub.requests if "/commit/" in path]
    sent = {line["value"]["path"] for line in commit if line["key"] == "file"}
    assert sent == set(shown["files"])
    sent_text = "".join(base64.b64decode(x["value"]["content"]).decode(errors="replace") for x in commit if "content" in
                        x["value"])  # fmt: skip
    texts = [utterance.text for utterance in ws.store.corpus.utterances([1, 2, 3])]
    assert texts
    assert not any(text in sent_text for text in texts)


def test_a_public_repository_is_asked_for(ws: Workspace, tmp_path: Path, hub: str) -> None:
    answer("push", trained(ws, tmp_path), "ann/danger", "--public")
    created = next(lines[0] for path, _, lines in FakeHub.requests if path == "/api/repos/create")
    assert created.get("private") is False or created.get("visibility") == "public"


def test_what_cannot_be_sent_is_one_line(
    ws: Workspace, tmp_path: Path, hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = trained(ws, tmp_path)
    assert failure("push", model, "danger") == "'danger' is no repository: write OWNER/NAME"
    assert failure("push", "nope", "ann/danger") == f"no run 'nope'; there are: {model}"
    FakeHub.refuses = True
    refused = failure("push", model, "ann/danger")
    assert refused.startswith(f"the hub {hub} refused ann/danger: ")
    assert TOKEN not in refused
    monkeypatch.setenv("HF_TOKEN", "")
    assert failure("push", model, "ann/danger") == f"no token for {hub}: set HF_TOKEN to a token that may write"
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert failure("push", model, "ann/danger") == "the hub http://127.0.0.1:9 cannot be reached; nothing was sent"
    assert TOKEN not in repr(ws.settings)


def test_the_readme_has_the_licence_of_the_base(ws: Workspace, tmp_path: Path) -> None:
    from dataclasses import replace

    card = read_card(ws.run_folder(trained(ws, tmp_path)))
    assert readme(card, "# card").splitlines()[:3] == ["---", "language: ko", "license: other"]
    based = replace(card, base={"name": "klue/roberta-base", "licence": "cc-by-sa-4.0"}, architecture="text-encoder")
    front = readme(based, "# card").split("---")[1].splitlines()
    assert "license: cc-by-sa-4.0" in front
    assert "base_model: klue/roberta-base" in front
    assert "pipeline_tag: text-classification" in front
    assert "evil" not in readme(replace(card, base={"licence": "mit\nevil: x"}), "# card")
