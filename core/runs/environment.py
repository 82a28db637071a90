"""The environment of a training: versions of Python and of the libraries that compute. It imports none of them."""

import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "transformers", "safetensors", "librosa", "soundfile")


def environment() -> dict[str, str]:
    """Name -> version of Python and of every library of `LIBRARIES` that is installed."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
