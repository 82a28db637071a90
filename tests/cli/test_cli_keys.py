"""The verbs `keys`, and the options of `serve` that concern the service alone."""

import json

from cli_driver import RUNNER

from core.cli import app
from core.workflows.service import keys
from core.workflows.workspace import Workspace


def run(*words: str) -> tuple[int, str, str]:
    result = RUNNER.invoke(app, list(words))
    return result.exit_code, result.stdout, result.stderr


def test_a_key_is_added_listed_and_revoked(ws: Workspace) -> None:
    assert "no key yet: whoever reaches the server may ask it" in run("keys", "list")[1]
    status, out, _ = run(
        "keys", "add", "버스-17", "--scope", "metrics", "--scope", "predict", "--per-minute", "60", "--json"
    )
    added = json.loads(out)
    assert (status, added["name"], added["scopes"], added["per_minute"]) == (0, "버스-17", ["predict", "metrics"], 60)
    assert added["key"].startswith(added["prefix"])
    assert keys.known(ws).by_digest[keys.digest(added["key"])].name == "버스-17"
    (listed,) = json.loads(run("keys", "list", "--json")[1])["keys"]
    assert listed == {k: v for k, v in added.items() if k != "key"} | {"revoked_at": None, "revoked_by": None}
    assert added["key"] not in run("keys", "list")[1]
    assert added["key"].encode() not in (ws.settings.database_file or ws.settings.home).read_bytes()
    revoked = json.loads(run("keys", "revoke", "버스-17", "--json")[1])
    assert revoked["revoked_by"] == "tester"
    assert keys.known(ws) == keys.KnownKeys({}, True)


def test_what_a_key_cannot_be_is_said(ws: Workspace) -> None:
    assert run("keys", "add", "x", "--scope", "all")[::2] == (
        1, "error: unknown scope 'all'; known: predict, read, metrics, media\n",
    )  # fmt: skip
    assert "key name 'a b': letters, digits and . _ -" in run("keys", "add", "a b")[2]
    assert run("keys", "add", "x", "--per-minute", "0")[0] == 2
    assert run("keys", "revoke", "x")[::2] == (1, "error: no key 'x'; there are: none\n")


def test_several_processes_are_of_the_service_alone(ws: Workspace) -> None:
    status, _, err = run("serve", "--workers", "2")
    assert status == 2
    assert "--workers needs --api-only" in err
