"""core.speech.transcribers.endpoint against a local server: what is sent, and what its failures say."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from fake_llm import Reply, failed, fake_llm

from core import endpoints
from core.errors import InputError
from core.settings import settings
from core.speech.transcribers import endpoint
from core.speech.transcribers.transcript import RATE_HZ

pytestmark = pytest.mark.integration

ANSWER = {"text": " 불이 났어요", "segments": [{"avg_logprob": -0.2, "no_speech_prob": 0.1}], "words": []}
KEY = "sk-secret"


def test_a_clip_goes_to_the_named_service_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer other\nX-Secret: 1")
    client = patch.object(endpoints.Endpoint, "client", autospec=True, side_effect=endpoints.Endpoint.client)
    with client as made, fake_llm() as fake:
        mine = replace(settings(), speech_url=fake.url, speech_key=KEY, speech_model="whisper-x")
        send = endpoint._sender(mine)
        fake.replies.extend([Reply(200, ANSWER), failed(401, f"wrong {KEY}"), Reply(302, "", {"Location": fake.url})])
        read = endpoint.Endpoint(send).read([np.zeros(RATE_HZ, np.float32)], "ko")
        assert [reading.text for reading, _ in read] == ["불이 났어요"]
        sent = fake.requests[0]["form"]
        assert b"RIFF" in sent
        assert b"whisper-x" in sent
        assert fake.headers[0]["authorization"] == f"Bearer {KEY}"
        assert "x-secret" not in fake.headers[0]
        with pytest.raises(InputError, match=rf"the speech service {fake.url}: .*wrong …"):
            send(b"RIFF", "ko")
        with pytest.raises(InputError, match="302"):
            send(b"RIFF", "ko")
        assert len(fake.requests) == 3, "a redirect is not followed"
        assert made.call_count == 1, "one client serves all clips"
