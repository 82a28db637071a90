"""Writes a run as a zip that can be handed over: one folder, named by the run, with the files of the run.

Equal files give an equal zip: members have a fixed time. Weights are stored, the other files are compressed. The caller
decides which files go out.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path

from core.errors import InputError
from core.files import atomic_path

TIME = (2020, 1, 1, 0, 0, 0)
STORED = (".safetensors", ".parquet")  # they do not get smaller
MODE = 0o600 << 16


def write_package(path: Path, run_id: str, files: Mapping[str, bytes]) -> None:
    """Write the zip whole or not at all. `InputError` if the place cannot be written."""
    try:
        with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for name, content in files.items():
                member = zipfile.ZipInfo(f"{run_id}/{name}", TIME)
                member.external_attr = MODE
                packing = zipfile.ZIP_STORED if name.endswith(STORED) else zipfile.ZIP_DEFLATED
                archive.writestr(member, content, packing)
    except OSError as error:
        raise InputError("{path}: cannot be written: {reason}", path=path, reason=error.strerror) from error
