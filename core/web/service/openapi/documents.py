"""The documents of the service as its OpenAPI document shows them. They only grow: a field keeps its name and meaning.

The service answers with what the prediction workflow gives and does not check it against these classes; a test does.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Code = Literal["too_short", "empty", "not_korean", "unfamiliar", "undecided", "not_understood", "no_speech"]


class Document(BaseModel):
    model_config = ConfigDict(extra="allow")


class Decision(Document):
    """What one model says. `set` are the classes that it cannot tell apart; `abstained` says why it cannot tell."""

    label: str
    confidence: float
    probabilities: dict[str, float]
    run: str
    abstained: Code | None = None
    set: list[str] = []
    alarm: bool = Field(False, description="the class that must not be missed reaches the operating point of the run")


class Judgement(Decision):
    chosen: bool = Field(description="false: nobody has chosen a run for this scheme, so the newest one judged")
    reason: str | None = Field(None, description="why it cannot tell, as a sentence")
    by: dict[Literal["text", "voice", "both"], Decision] = {}
    weights: dict[str, float] | None = None
    disagree: bool = Field(False, description="text and voice were judged differently")


class Word(Document):
    start_ms: int
    end_ms: int
    text: str
    probability: float


class Transcript(Document):
    text: str
    state: Literal["ok", "not_understood", "no_speech"]
    confidence: float
    language: str
    words: list[Word] = []


class JudgedUtterance(Document):
    start_ms: int | None
    end_ms: int | None
    text: str | None
    speaker: str | None = None
    transcript: Transcript | None = None
    judgements: dict[str, Judgement]
    abstained: dict[str, Code] = {}


class Recall(Document):
    class_: str = Field(alias="class")
    value: float
    low: float
    high: float
    n: int


class Verdict(Document):
    label: str | None
    confidence: float | None
    abstained: Code | None = None
    reason: str | None = None
    set: list[str] = []
    alarm: bool = False
    run: str
    level: Literal["call", "utterance"]
    utterance: int | None = None
    first_alarm_ms: int | None = None
    recall: Recall | None = None


class Transcriber(Document):
    name: str | None = None
    state: Literal["ok", "absent", "off", "given"]
    reason: str | None = None


class Answer(Document):
    """What was heard in one input; times are None for a sentence, text is None where nothing was transcribed."""

    source: str
    transcriber: Transcriber | None = None
    utterances: list[JudgedUtterance]
    call: dict[str, Judgement] = Field(
        {}, description="what runs say that were trained on whole calls, by scheme; empty without such a run"
    )
    verdict: dict[str, Verdict] = Field({}, description="by scheme, what the whole input comes to")
    abstained: Code | None = Field(None, description="why nothing in the whole input could be judged")


class Run(Document):
    """As an element of `runs list --json`."""

    run: str
    scheme: str
    modality: Literal["text", "voice", "both"]
    snapshot: str
    state: str
    metrics: dict[str, Any]
    warnings: list[str]
    in_use: bool
    chosen_by: str | None
    chosen_at: str | None


class Runs(Document):
    runs: list[Run]


class Scheme(Document):
    """As an element of `schemes list --json`."""

    name: str


class Schemes(Document):
    schemes: list[Scheme]


class Health(Document):
    status: Literal["ok"]
    version: str | None = None
    runs: list[dict[str, Any]] = []


class Batch(Document):
    """A batch and how far it is; `status` and `results` are addresses on this server."""

    id: str
    state: Literal["running", "done"]
    done: int
    total: int
    failed: int
    created_at: str
    status: str
    results: str


class Failed(Document):
    source: str
    error: str


class Results(Document):
    """A part of the results in the order of the inputs, each a document or its error; `next` is the next `offset`."""

    id: str
    state: Literal["running", "done"]
    results: list[Answer | Failed]
    next: int | None


class Failure(BaseModel):
    error: str = Field(examples=["a valid key is needed in the header X-API-Key"])
