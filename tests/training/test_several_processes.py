"""Two processes train one network together: one run comes out, and only the first process writes.

`accelerate launch` starts them by torch.distributed.run where there are GPUs; that program is used here, with CPUs.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_encoders
from training_corpus import danger_snapshot, text_spec

from core.files import sha256
from core.inference.predictor import load
from core.runs.folder import RunFolder
from core.settings import ROOT

pytestmark = pytest.mark.integration

TOGETHER = """
import json, os, sys
from core.training.engine import TrainSpec, train_together
from core.training.processes import same

process = int(os.environ["RANK"])
assert same(process) == 0
metrics = train_together(TrainSpec.from_dict(json.loads(sys.argv[1])), lambda progress: None, process)
assert (metrics is None) == (process > 0)
"""


def test_two_processes_make_one_run(tmp_path: Path) -> None:
    danger_snapshot(tmp_path / "snapshots" / "d1", 80)
    encoder = str(tiny_encoders.save_encoder(tmp_path / "encoder"))
    spec = text_spec(tmp_path, "both", epochs="2", batch_size="8", max_len="32").to_dict() | {"encoder": encoder}
    script = tmp_path / "together.py"
    script.write_text(TOGETHER)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(script),
        json.dumps(spec),
    ]  # fmt: skip
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    folder = tmp_path / "runs" / "both"
    assert [line["epoch"] for line in RunFolder(folder).history()] == [1, 2]
    assert load(folder).predict_texts(["불이 났어요"]).shape == (1, 2)
    card = json.loads((folder / "card.json").read_text())
    assert all(sha256(folder / name) == digest for name, digest in card["files"].items())
