"""The presets `seed` hold the numbers of the seed systems, typed here again from the texts that tell them.

The texts lie outside of the repository, in `../shared/seeds/`; "issue" means the table of issue 9, which adds what the
texts show in pictures only.
"""

from typing import Any

import pytest

from core.training.recipes import RECIPES


def seed(recipe: str, architecture: str, preset: str = "seed") -> dict[str, Any]:
    return dict(RECIPES[recipe].presets[preset][architecture])


def of(recipe: str, architecture: str, preset: str = "seed", **expected: Any) -> None:
    values = seed(recipe, architecture, preset)
    assert {name: values.get(name) for name in expected} == expected


def test_hearing_danger() -> None:
    """hearing-danger.md: KoBERT, dropout raised to 0.7, the learning rate lowered; issue: 5e-5 -> 3e-5, 64, .1, 1."""
    assert RECIPES["danger-text"].encoders["skt/kobert-base-v1"].checkpoint == "skt/kobert-base-v1"
    assert len(RECIPES["danger-text"].schemes) == 1
    of("danger-text", "text-encoder", dropout=0.7, max_len=64, batch_size=64, learning_rate=3e-5, warm_up=0.1,
       clip=1.0, schedule="cosine")  # fmt: skip


def test_urgencydetect() -> None:
    """urgencydetect.md: 4-2 loss .4/.6, 5 AdamW 2e-5 / .01, cosine to 1e-6, 5 epochs, norm 1.0; 3 batch 16."""
    (encoder,) = RECIPES["urgency-crossmodal"].encoders
    assert encoder.split("+")[1] == "kresnik/wav2vec2-large-xlsr-korean"
    assert "koelectra" in encoder.split("+")[0]
    assert set(RECIPES["urgency-crossmodal"].targets) == {"sentiment", "urgency"}
    of("urgency-crossmodal", "cross-modal", target_weights="sentiment=0.4,urgency=0.6", class_weights=True,
       learning_rate=2e-5, weight_decay=0.01, schedule="cosine", final_learning_rate=1e-6, epochs=5, clip=1.0,
       batch_size=16, best_by="mean", fusion="seed")  # fmt: skip


def test_text_audio_emotion_by_text() -> None:
    """text-audio-emotion.md, 3: 256 tokens, class weights, AdamW 2e-5 / .01, batch 16, epochs 5-6, patience 2."""
    assert RECIPES["emotion-text"].encoders["klue/roberta-base"].checkpoint == "klue/roberta-base"
    of("emotion-text", "text-encoder", max_len=256, class_weights=True, learning_rate=2e-5, weight_decay=0.01,
       batch_size=16, epochs=6, patience=2, dropout=0.1, clip=1.0)  # fmt: skip


def test_text_audio_emotion_by_voice() -> None:
    """text-audio-emotion.md, audio 2-4: 13 MFCC x 100 frames, neutral vectors of men and women, speed and pitch."""
    from core.audio.features import COEFFICIENTS, FRAMES

    assert (COEFFICIENTS, FRAMES) == (13, 100)
    values = seed("emotion-voice", "conv-bilstm")
    assert (values["features"], values["baseline"]) == ("seed", "gender")
    assert min(values["speed"], values["pitch"]) > 0


def test_emotion_selftraining() -> None:
    """emotion-selftraining.md, steps 1 and 3: smoothing .05, clipping 1.0, patience 2, class weights; bf16."""
    assert {"beomi/KcELECTRA-base-v2022", "klue/roberta-base"} <= set(RECIPES["emotion-selftrain"].encoders)
    of("emotion-selftrain", "text-encoder", label_smoothing=0.05, clip=1.0, patience=2, class_weights=True)
    of("emotion-selftrain", "text-encoder", "seed-student", label_smoothing=0.05, patience=2, bf16="auto")


def test_the_thresholds_of_emotion_selftraining() -> None:
    """emotion-selftraining.md, step 2: conf >= 0.75, margin >= 0.20."""
    from core.confidence import Rule

    assert (Rule().confidence, Rule().margin) == (0.75, 0.20)


def test_audio_classification_ko() -> None:
    """audio-classification-ko.md: wav2vec2-base, max_length 16000, TrainingArguments of its training."""
    assert list(RECIPES["audio-class"].encoders) == ["facebook/wav2vec2-base"]
    of("audio-class", "audio-encoder", max_samples=16000, learning_rate=3e-5, batch_size=32, accumulation=4, epochs=10,
       warm_up=0.1, best_by="accuracy")  # fmt: skip


def test_the_yardstick_of_aihub119() -> None:
    """aihub119.md: KcELECTRA-base-v2022, two heads; issue: a whole call, 384/192, label smoothing .1."""
    chosen = RECIPES["urgency-text"]
    assert chosen.encoders["beomi/KcELECTRA-base-v2022"].checkpoint == "beomi/KcELECTRA-base-v2022"
    assert (set(chosen.targets), chosen.unit) == ({"urgency", "sentiment"}, "call")
    of("urgency-text", "text-encoder", max_len=384, stride=192, label_smoothing=0.1)


@pytest.mark.parametrize("name", [n for n, r in RECIPES.items() if r.source])
def test_every_seed_recipe_has_both_presets(name: str) -> None:
    assert {"seed", "default"} <= set(RECIPES[name].presets)
