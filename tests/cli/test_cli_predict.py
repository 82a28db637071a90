"""What the verb `predict` prints: a reason wherever nothing can be told, and the first alarm of every input."""

from prediction_documents import document, turn

from core.cli.prediction.predictions import _lines


def printed(made: dict[str, object]) -> str:
    """The lines without the frames and breaks of the table."""
    from rich.console import Console

    console = Console(width=200, record=True, file=None, force_terminal=False)
    with console.capture() as shown:
        for line in _lines(made):
            console.print(line)
    return shown.get()


def test_an_utterance_that_nothing_judged_says_why() -> None:
    text = printed(document("a.wav", turn(0, 300, None, None)))
    assert "danger: cannot tell: the sound is too short for a voice model" in text
    assert "verdict" not in text, "the row of a single utterance is its verdict"


def test_each_of_several_says_its_own_reason() -> None:
    turns = [turn(0, 2_000, "불이 났어요", 0.9), turn(2_000, 2_300, None, None), turn(3_000, 5_000, None, None)]
    turns[2]["abstained"] = {"danger": "empty"}
    text = printed(document("a.wav", *turns, first_alarm_ms=2_000))
    assert "danger: danger 0.90" in text
    assert "cannot tell: the sound is too short for a voice model" in text
    assert "cannot tell: nobody knows the words: nothing was typed or transcribed" in text
    assert "verdict, danger: danger, first alarm at 2.00 s" in text


def test_a_single_utterance_has_its_first_alarm() -> None:
    text = printed(document("a.wav", turn(0, 2_000, "불이 났어요", 0.9), first_alarm_ms=2_000))
    assert "verdict, danger: danger, first alarm at 2.00 s" in text
