"""What a Recipe is: the data that it wants, the encoders that it can train, and presets of their settings.

Recipes are TOML files: `core.training.recipes` finds them, `toml_files` reads them. A preset holds settings by
architecture, because an n-gram has other settings than a network. Nothing here imports torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from core.errors import InputError, UnknownName
from core.messages import Message, Names, SchemeName, Word
from core.models import INSTALL_SPEECH, Modality
from core.models.pretrained.local_weights import local_folder
from core.plugins import Backend
from core.settings import settings
from core.speech import weights

Unit = Literal["utterance", "call"]
Value = bool | int | float | str
Presets = Mapping[str, Mapping[str, Mapping[str, Value]]]  # preset -> architecture -> setting -> value

_SKLEARN = ("sklearn",), "pip install scikit-learn"
_TORCH = ("torch", "transformers", "accelerate"), "pip install -r requirements.txt"

FITS: dict[str, Backend] = {
    "ngram": Backend("core.training.fits.linear:NgramFit", *_SKLEARN),
    "heads": Backend("core.training.fits.linear:HeadsFit", *_SKLEARN),
    "ngram-heads": Backend("core.training.fits.linear:NgramHeadsFit", *_SKLEARN),
    "conv-bilstm": Backend("core.training.fits.conv_bilstm:ConvBilstmFit", ("torch",), "pip install torch"),
    "text-encoder": Backend("core.training.fits.text_encoder:TextEncoderFit", *_TORCH),
    "audio-encoder": Backend("core.training.fits.audio_encoder:AudioEncoderFit", *_TORCH),
    "cross-modal": Backend("core.training.fits.cross_modal:CrossModalFit", *_TORCH),
}
# An encoder written PREFIX+NAME is trained by this architecture on vectors of the frozen text encoder NAME.
FROZEN = {"ngram+": "ngram-heads", "frozen+": "heads"}


@dataclass(frozen=True, slots=True)
class Encoder:
    """A named encoder of a recipe: its architecture, and the pretrained weights that it starts from ("" for none)."""

    architecture: str
    checkpoint: str = ""
    needs: tuple[str, ...] = ()
    install: str = ""

    def installed(self) -> bool:
        """Whether all packages that it needs are installed; this imports none of them."""
        return all(find_spec(name) is not None for name in self.needs)

    def available(self) -> bool:
        """Whether it can be trained on this machine now: packages and, if it has some, pretrained weights.

        A checkpoint `TEXT+VOICE` names two encoders.
        """
        parts = [part for part in self.checkpoint.split("+") if part]
        return self.installed() and all(_at_hand(part) for part in parts)


def _at_hand(checkpoint: str) -> bool:
    if checkpoint == weights.NAME:
        return weights.installed(settings())
    return local_folder(checkpoint) is not None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A way to train.

    `schemes` are the schemes that it can learn, empty for any; `targets` are those that it wants together. Only
    utterances of `speakers` and of unknown speakers are used, empty for all. `preferred` is the default encoder where
    its weights can be had. `any_encoder` is the architecture of an encoder that is not listed (a hub id, a local
    folder); None: only the listed ones. `source` names the seed system that it comes from, "" for none.
    """

    name: str
    source: str
    inputs: Modality
    schemes: tuple[str, ...]
    targets: tuple[str, ...]
    unit: Unit
    speakers: tuple[str, ...]
    encoders: Mapping[str, Encoder]
    default_encoder: str
    preferred: str = ""
    any_encoder: str | None = None
    presets: Presets = field(default_factory=lambda: {"default": {}})
    default_preset: str = "default"

    @property
    def modality(self) -> Modality:
        """What its models read; another name of `inputs`."""
        return self.inputs

    def architecture(self, encoder: str) -> str:
        """The architecture that trains `encoder`; see `architecture_of`."""
        return architecture_of(self, encoder)

    def usual_encoder(self, preset: str | None = None) -> str:
        """The encoder that is taken where nobody names one: the preferred one where its weights can be had.

        A preset other than the default one takes the first encoder that it has settings for.
        """
        suits = [name for name in self._in_order() if self._has_settings(name, preset)]
        usable = [name for name in suits if name != self.preferred or self.encoders[name].available()]
        return [*usable, *suits, self.default_encoder][0]

    def _in_order(self) -> list[str]:
        first = [self.preferred] if self.preferred else []
        return list(dict.fromkeys([*first, self.default_encoder, *self.encoders]))

    def _has_settings(self, encoder: str, preset: str | None) -> bool:
        tables = self.preset(preset)
        is_default = preset in (None, self.default_preset) or not tables
        return is_default or self.encoders[encoder].architecture in tables

    def preset(self, name: str | None = None) -> Mapping[str, Mapping[str, Value]]:
        """The settings of a preset by architecture; `UnknownName` lists the recipe's presets."""
        chosen = name or self.default_preset
        if chosen not in self.presets:
            raise UnknownName(Message("preset of {recipe}", recipe=self.name), chosen, tuple(self.presets))
        return self.presets[chosen]

    def learns(self, scheme: str) -> bool:
        """Whether this recipe can be trained on snapshots of `scheme`."""
        return not self.schemes or scheme in self.schemes

    def check_scheme(self, scheme: str) -> None:
        """`InputError` if this recipe cannot learn `scheme`."""
        if not self.learns(scheme):
            raise InputError(
                "recipe {name} learns {schemes}, the snapshot holds {scheme}: recipe {modality} learns "
                "any scheme by {modality}",
                name=self.name,
                schemes=Names(map(SchemeName, self.schemes)),
                scheme=SchemeName(scheme),
                modality=Word(self.inputs),
            )


def architecture_of(chosen: Recipe, encoder: str) -> str:
    """The architecture that trains `encoder`: of a listed one, of `ngram+NAME` or `frozen+NAME`, or of any other one.

    Any other encoder is a hub id (`owner/name`) or a local folder, where the recipe takes such. `UnknownName` lists the
    recipe's encoders.
    """
    if encoder in chosen.encoders:
        return chosen.encoders[encoder].architecture
    for prefix, architecture in FROZEN.items():
        if chosen.inputs == "text" and encoder.startswith(prefix) and names_weights(encoder.removeprefix(prefix)):
            return architecture
    if chosen.any_encoder is not None and names_weights(encoder):
        return chosen.any_encoder
    raise UnknownName(Message("encoder of {recipe}", recipe=chosen.name), encoder, _choices(chosen))


def _choices(chosen: Recipe) -> tuple[str, ...]:
    more = ["OWNER/NAME", "FOLDER"] if chosen.any_encoder is not None else []
    frozen = [f"{prefix}OWNER/NAME" for prefix in FROZEN] if chosen.inputs == "text" else []
    return (*chosen.encoders, *more, *frozen)


def names_weights(encoder: str) -> bool:
    """Whether `encoder` looks like a hub id, or is a folder.

    >>> names_weights("skt/kobert-base-v1"), names_weights("kobert")
    (True, False)
    """
    return "/" in encoder.strip("/") or (bool(encoder) and Path(encoder).expanduser().is_dir())


__all__ = ["FITS", "FROZEN", "INSTALL_SPEECH", "Encoder", "Presets", "Recipe", "Unit", "Value", "architecture_of"]
