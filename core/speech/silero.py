"""Who speaks when: the Silero network of faster-whisper's package (MIT), computed for several recordings at once.

Its ONNX file is made for one recording, and multiplies matrices of four columns. Here the same weights are applied to
all pieces of all recordings in a few large products, and the recurrent layer goes through the recordings side by side:
a third of the time for one recording, a fifth for eight. The probabilities differ from those of ONNX Runtime in the
fifth decimal. Of a file with another SHA-256 nothing is known, so faster-whisper itself judges by it.

A piece is 512 samples at 16 kHz (32 ms), with the 64 samples before it. Four windows of it are read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.audio.vad import MERGE_MS, Spans
from core.files import sha256
from core.speech.onnx_weights import weights

ASSET, SHA256 = "silero_vad_v6.onnx", "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2"
PIECE, BEFORE, WINDOW, HOP, WINDOWS = 512, 64, 256, 128, 4
UNITS, BANDS = 128, WINDOW // 2 + 1
SPEECH, NO_SPEECH = 0.5, 0.35  # speech begins at the first probability, and ends below the second
TOGETHER = 4096  # pieces that the recurrent layer reads at once: two minutes of sound
BLOCK = 96  # pieces in one product: so many fit into the cache of a processor

Waves = Sequence[NDArray[np.float32]]


def spans(waves: Waves, rate_hz: int) -> list[Spans]:
    """The raw spans of speech of each wave, float32 (n,), mono; at another rate than 16 kHz it is resampled."""
    import soxr

    speech = [wave if rate_hz == 16_000 else soxr.resample(wave, rate_hz, 16_000) for wave in waves]
    network = _network()
    if network is None:
        return [_by_library(wave) for wave in speech]
    probabilities = network.probabilities(speech)
    return [_spoken(own, len(wave)) for own, wave in zip(probabilities, speech, strict=True)]


def _spoken(probabilities: NDArray[np.float32], samples: int) -> Spans:
    """The spans in ms, from one probability a piece: a gap of less than `MERGE_MS` does not end one."""
    made: Spans = []
    begin = quiet = -1  # the sample where speech began, and that where it fell silent
    for piece, probability in enumerate(probabilities.tolist()):
        at = piece * PIECE
        if probability >= SPEECH:
            begin, quiet = at if begin < 0 else begin, -1
        elif probability < NO_SPEECH and begin >= 0:
            quiet = at if quiet < 0 else quiet
            if at - quiet >= MERGE_MS * 16:
                made.append((begin // 16, quiet // 16))
                begin = quiet = -1
    if 0 <= begin < samples:
        made.append((begin // 16, samples // 16))
    return made


def _by_library(wave: NDArray[np.float32]) -> Spans:
    """The spans as faster-whisper finds them."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(min_speech_duration_ms=0, min_silence_duration_ms=MERGE_MS, speech_pad_ms=0)
    return [(span["start"] // 16, span["end"] // 16) for span in get_speech_timestamps(wave, options)]


class Silero:
    """The weights of the network, and what it says of waves. Safe to share between threads."""

    def __init__(self, file: Mapping[str, NDArray[np.float32]]) -> None:
        def matrices(layer: int) -> list[Tensor]:  # of a convolution: one (in, out) for each of its three steps
            return [torch.tensor(step.T) for step in file[f"encoder.conv_layers.{layer}.weight"].transpose(2, 0, 1)]

        # The file has the Fourier transform as a table of cosines, whose first row is the window itself.
        self.window = torch.tensor(file["encoder.feature_extractor.forward_basis_buffer"][0, 0])
        self.steps = [matrices(layer) for layer in range(4)]
        self.biases = [torch.tensor(file[f"encoder.conv_layers.{layer}.bias"]) for layer in range(4)]
        self.recurrent = _lstm(*(file[f"onnx::LSTM_{number}"][0] for number in (209, 210, 211)))
        self.out = torch.tensor(file["decoder.conv1d.weight"].reshape(UNITS, 1))
        self.out_bias = torch.tensor(file["decoder.conv1d.bias"])

    def probabilities(self, waves: Waves) -> list[NDArray[np.float32]]:
        """The probability of speech of each piece of each wave at 16 kHz; the last piece is filled with zeros."""
        order = sorted(range(len(waves)), key=lambda row: -len(waves[row]))
        made: list[list[NDArray[np.float32]]] = [[] for _ in waves]
        pieces = [len(waves[row]) // PIECE + 1 for row in order]
        begin, state = 0, (torch.zeros(1, len(waves), UNITS), torch.zeros(1, len(waves), UNITS))
        with torch.inference_mode(), _one_thread():
            while pieces and begin < pieces[0]:
                left = sum(n > begin for n in pieces)  # the first ones, since the longest stand first
                end = min(pieces[0], begin + max(1, TOGETHER // left))
                parts = [_blocks(waves[row], begin, min(end, n)) for row, n in zip(order[:left], pieces, strict=False)]
                state = (state[0][:, :left].contiguous(), state[1][:, :left].contiguous())
                read, state = self._read(parts, state)
                for row, own in zip(order, read, strict=False):
                    made[row].append(own)
                begin = end
        return [np.concatenate(own) for own in made]

    def _read(
        self, parts: Sequence[Iterable[Tensor]], state: tuple[Tensor, Tensor]
    ) -> tuple[list[NDArray[np.float32]], tuple[Tensor, Tensor]]:
        """The probabilities of the pieces in each part, which go on from `state`, and the state behind them."""
        vectors = [torch.cat([self._encoded(block) for block in part]) for part in parts]
        hidden, state = self.recurrent(nn.utils.rnn.pad_sequence(vectors), state)
        made = torch.addmm(self.out_bias, hidden.relu_().view(-1, UNITS), self.out).sigmoid_().view(hidden.shape[:2])
        return [made[: len(own), row].numpy() for row, own in enumerate(vectors)], state

    def _encoded(self, windows: Tensor) -> Tensor:
        """A vector (n, 128) of each of n pieces from its `windows` (4, n, 256): four convolutions over four windows.

        A convolution is a product for each of its steps; what would read beside the four windows is left out.
        """
        spectrum = torch.view_as_real(torch.fft.rfft(windows * self.window))
        size = spectrum[..., 0].square().add_(spectrum[..., 1].square()).sqrt_()
        (first, second, third, fourth), bias = self.steps, self.biases
        wide = torch.addmm(bias[0], size.view(-1, BANDS), first[1]).view(WINDOWS, -1, first[1].shape[1])
        wide[1:].flatten(0, 1).addmm_(size[:-1].flatten(0, 1), first[0])
        wide[:-1].flatten(0, 1).addmm_(size[1:].flatten(0, 1), first[2])
        wide.relu_()
        half = torch.addmm(bias[1], wide[::2].flatten(0, 1), second[1])
        half = half.addmm_(wide[1::2].flatten(0, 1), second[2]).view(2, -1, second[1].shape[1])
        half[1].addmm_(wide[1], second[0])
        half.relu_()
        whole = torch.addmm(bias[2], half[0], third[1]).addmm_(half[1], third[2]).relu_()
        return torch.addmm(bias[3], whole, fourth[1]).relu_()


def _blocks(wave: NDArray[np.float32], begin: int, end: int) -> Iterator[Tensor]:
    """The windows of the pieces [begin, end) of a wave, in blocks."""
    for at in range(begin, end, BLOCK):
        yield torch.from_numpy(_windows(wave, at, min(end, at + BLOCK)))


def _windows(wave: NDArray[np.float32], begin: int, end: int) -> NDArray[np.float32]:
    """The four windows of the pieces [begin, end) of a wave, (4, end - begin, 256).

    The last window goes back 64 samples, as in a mirror. Zeros fill the last piece, in any case its last 64 samples.
    """
    n, last = end - begin, len(wave) // PIECE + 1
    sound = np.zeros(n * PIECE + BEFORE, np.float32)
    first = begin * PIECE - BEFORE
    known = wave[max(0, first) : end * PIECE]
    sound[max(0, -first) : max(0, -first) + len(known)] = known
    if end == last:
        sound[-BEFORE:] = 0
    pieces = np.lib.stride_tricks.as_strided(sound, (n, PIECE + BEFORE), (PIECE * 4, 4), writeable=False)
    made = np.empty((WINDOWS, n, WINDOW), np.float32)
    for window in range(WINDOWS - 1):
        made[window] = pieces[:, HOP * window : HOP * window + WINDOW]
    made[-1, :, : WINDOW - BEFORE] = pieces[:, HOP * (WINDOWS - 1) :]
    made[-1, :, WINDOW - BEFORE :] = pieces[:, -2 : -2 - BEFORE : -1]
    return made


def _lstm(of_input: NDArray[np.float32], of_state: NDArray[np.float32], biases: NDArray[np.float32]) -> nn.LSTM:
    """The recurrent layer. ONNX has its gates in the order input, output, forget, cell; torch has output last."""

    def ordered(rows: NDArray[np.float32]) -> nn.Parameter:
        first, output, forget, cell = np.split(rows, 4)
        return nn.Parameter(torch.tensor(np.concatenate([first, forget, cell, output])), requires_grad=False)

    layer = nn.LSTM(UNITS, UNITS)
    layer.weight_ih_l0, layer.weight_hh_l0 = ordered(of_input), ordered(of_state)
    layer.bias_ih_l0, layer.bias_hh_l0 = map(ordered, np.split(biases, 2))
    return layer.eval()


@cache
def _network() -> Silero | None:
    """The network of the installed package; None if its file is another one."""
    from faster_whisper.utils import get_assets_path

    path = Path(get_assets_path()) / ASSET
    return Silero(weights(path)) if path.is_file() and sha256(path) == SHA256 else None


@contextmanager
def _one_thread() -> Iterator[None]:
    """Small products are done before a second thread has begun."""
    before = torch.get_num_threads()
    if before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
