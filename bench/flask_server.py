"""The plain Flask servers that `bench/service.py` compares with: `python -m bench.flask_server flask|waitress PORT`.

As people write them: the models are loaded once, a form or JSON comes in, the same prediction functions judge it, and
JSON goes out. There is no limit, no key and no queue.
"""

import logging
import sys

from flask import Flask, Response, jsonify, request
from waitress import serve

from bench.server import ROOT
from core.web.service.judging import predict_audio, predict_text
from core.workflows.workspace import open_workspace

app = Flask("bench", root_path=str(ROOT))
THREADS = 4  # waitress's own default


@app.get("/health")
def health() -> Response:
    return jsonify(status="ok")


@app.post("/predict")
def predict() -> Response:
    ws = open_workspace()
    if request.is_json:
        return jsonify(predict_text(ws, request.get_json()["text"]))
    upload = request.files["file"]
    return jsonify(predict_audio(ws, upload.read(), upload.filename or "recording"))


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    predict_text(open_workspace(), "여보세요")
    if sys.argv[1] == "waitress":
        serve(app, host="127.0.0.1", port=int(sys.argv[2]), threads=THREADS)
    else:
        app.run(host="127.0.0.1", port=int(sys.argv[2]), threaded=True)
