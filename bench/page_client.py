"""A browser session without a browser: it speaks to Streamlit as a page does, uploads files and reads what is shown.

It uses Streamlit's own messages (protobuf on the websocket) and its upload route, so whatever a browser could send can
be sent, thousands of times.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PATIENCE_S = 600.0


@dataclass
class Run:
    """One run of the page: texts of its error boxes, and of exceptions that it showed; ids of its upload fields."""

    errors: list[str] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)
    uploaders: list[str] = field(default_factory=list)
    session: str = ""


class PageSession:
    """An open page; `run` runs its script with files in its first upload field."""

    def __init__(self, address: str, page: str, socket: ClientConnection, web: httpx.Client) -> None:
        self.address, self.page, self.socket, self.web = address, page, socket, web
        first = self.run()
        if not first.uploaders:
            raise SystemExit(f"the page {page} has no upload field: {first.errors or first.exceptions}")
        self.uploader, self.session = first.uploaders[0], first.session

    def run(self, files: Sequence[tuple[str, bytes]] = ()) -> Run:
        message = BackMsg()
        message.rerun_script.page_name = self.page
        if files:
            state = message.rerun_script.widget_states.widgets.add(id=self.uploader)
            for (name, data), urls in zip(files, self._upload(files), strict=True):
                info = state.file_uploader_state_value.uploaded_file_info.add(
                    name=name, size=len(data), file_id=urls.file_id
                )
                info.file_urls.CopyFrom(urls)
        self._send(message)
        shown = Run()
        for answer in self._until("script_finished"):
            if answer.WhichOneof("type") == "new_session":
                shown = Run(session=answer.new_session.initialize.session_id)
            element = answer.delta.new_element
            kind = element.WhichOneof("type")
            if kind == "exception":
                shown.exceptions.append(f"{element.exception.type}: {element.exception.message}")
            elif kind == "alert" and element.alert.format == element.alert.ERROR:
                shown.errors.append(element.alert.body)
            elif kind == "file_uploader":
                shown.uploaders.append(element.file_uploader.id)
        return shown

    def _upload(self, files: Sequence[tuple[str, bytes]]) -> list[FileURLs]:
        message = BackMsg()
        message.file_urls_request.request_id = "1"
        message.file_urls_request.session_id = self.session
        message.file_urls_request.file_names.extend(name for name, _ in files)
        self._send(message)
        *_, answer = self._until("file_urls_response")
        for (name, data), urls in zip(files, answer.file_urls_response.file_urls, strict=True):
            self.web.put(f"{self.address}{urls.upload_url}", files={"file": (name, data)}).raise_for_status()
        return list(answer.file_urls_response.file_urls)

    def _send(self, message: BackMsg) -> None:
        self.socket.send(message.SerializeToString())

    def _until(self, kind: str) -> Iterator[ForwardMsg]:
        give_up = time.monotonic() + PATIENCE_S
        while True:
            data = self.socket.recv(timeout=give_up - time.monotonic())
            message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
            yield message
            # A page that runs again at once ends its run early: what comes after that belongs to the same answer.
            if message.WhichOneof("type") == kind and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return


@contextmanager
def page_session(address: str, page: str) -> Iterator[PageSession]:
    """Open a page of the server at `address` as a browser session."""
    stream = f"ws://{urlsplit(address).netloc}/_stcore/stream"
    with httpx.Client(timeout=PATIENCE_S) as web:
        cookies = SimpleCookie(web.get(f"{address}/_stcore/health").headers.get("set-cookie", ""))
        token = next((morsel.value for name, morsel in cookies.items() if name.endswith("xsrf")), "")
        web.headers.update({"X-Xsrftoken": token, "Origin": address, "Cookie": f"_streamlit_xsrf={token}"})
        with connect(
            stream, origin=Origin(address), subprotocols=[Subprotocol("streamlit"), Subprotocol(token)],
            max_size=None, additional_headers={"Cookie": f"_streamlit_xsrf={token}"},
        ) as socket:  # fmt: skip
            yield PageSession(address, page, socket, web)
