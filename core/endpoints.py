"""Services with OpenAI's interface that a person named: the client of one, and its failures in one line.

Nothing is sent before a person gives an address. The client follows no redirect and reads no proxy or address from the
environment, so that what is sent goes to the named address only. Every request has the headers of this file and no
others, whatever the environment holds. An exchange, from the request to the last byte of the answer, has one time
limit. Importing this file imports no client.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

from core.errors import InputError
from core.plugins import Backend

T = TypeVar("T")
INSTALL = "pip install openai==3.52.0"
CLIENT = Backend("openai:OpenAI", ("openai",), INSTALL)
_PLACEHOLDER = "none"  # the client wants a key, also for a service that needs none
_MOST_CHARS = 300
_JSON, _FORM = "application/json", "multipart/form-data"
# In a request's extensions: when its time is over, and the headers by which the client knows its request again.
_UNTIL, _HEADERS = "gwidama.until", "gwidama.headers"
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Endpoint:
    """One service: `url` as far as `/v1`, the key it wants ("" for none), the model it is asked for."""

    url: str
    model: str
    key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not _is_address(self.url):
            start, slashes, rest = self.url.partition("//")
            raise InputError(
                "{url!r} is not the address of a service; give one such as http://127.0.0.1:11434/v1, without a key "
                "or a password in it",
                url=f"{start}{slashes}{rest.rpartition('@')[2]}",
            )
        if not all("!" <= char <= "~" for char in self.key):
            raise InputError(
                "the key of the service {url} holds a space or a character that no key has; copy the key again",
                url=self.url,
            )

    @property
    def host(self) -> str:
        """Where texts go: the machine and its port, without a path.

        >>> Endpoint("http://127.0.0.1:11434/v1", "m").host
        '127.0.0.1:11434'
        """
        return urlsplit(self.url).netloc

    @property
    def is_here(self) -> bool:
        """Whether the service runs on this machine."""
        return (urlsplit(self.url).hostname or "") in _HERE

    def client(self, timeout_s: float, max_retries: int = 0) -> Any:
        """A client of the service. `MissingBackend` if the package `openai` is not installed."""
        make = CLIENT.load()
        import openai

        hooks: dict[str, list[Callable[..., Any]]] = {
            "request": [partial(self._own, timeout_s)],
            "response": [_timely()],
        }
        http = openai.DefaultHttpxClient(
            follow_redirects=False, trust_env=False, timeout=timeout_s, event_hooks=hooks
        )  # fmt: skip
        return make(
            base_url=self.url, api_key=self.key or _PLACEHOLDER, timeout=timeout_s, max_retries=max_retries,
            http_client=http,
        )  # fmt: skip

    def _own(self, timeout_s: float, request: Any) -> None:
        """Replace the headers of a request by our own, and note when its time is over."""
        headers = request.headers
        kind = headers.get("Content-Type", "")
        request.headers = type(headers)(
            {
                "Host": request.url.netloc.decode("ascii"), "Authorization": f"Bearer {self.key or _PLACEHOLDER}",
                "Accept": _JSON, "Accept-Encoding": "gzip, deflate", "User-Agent": "gwidama",
                "Content-Type": kind if kind.startswith(f"{_FORM};") else _JSON,
                "Content-Length": str(len(request.read())),
            }
        )  # fmt: skip
        request.extensions.update({_UNTIL: time.monotonic() + timeout_s, _HEADERS: headers})

    def reason(self, error: BaseException) -> str:
        """What a failure says, in one line of limited length, without the key."""
        line = " ".join(str(error).split()) or type(error).__name__
        return (line.replace(self.key, "…") if self.key else line)[:_MOST_CHARS]


def within(seconds: float, call: Callable[[], T]) -> T:
    """What `call` returns; `TimeoutError` if it is not ready in time, whatever it waits for. It is left alone then."""
    made: Future[T] = Future()

    def work() -> None:
        try:
            made.set_result(call())
        except BaseException as error:
            made.set_exception(error)

    Thread(target=work, daemon=True, name="endpoint").start()
    try:
        return made.result(seconds)
    except TimeoutError:
        raise TimeoutError("no complete answer came in time") from None


def _is_address(url: str) -> bool:
    """Whether this is an address with a host, without a name or a password.

    >>> _is_address("http://[::1]:8000/v1"), _is_address("http://[::1"), _is_address("http://here:port/v1")
    (True, False, False)
    """
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and has_port and "@" not in parts.netloc


def _timely() -> Callable[[Any], None]:
    """A hook for answers: one that is still being sent when the time of its request is over ends as a time-out."""
    import httpx2

    class Timely(httpx2.SyncByteStream):
        def __init__(self, answer: Any) -> None:
            self._stream, self._request = answer.stream, answer.request

        def __iter__(self) -> Iterator[bytes]:
            for chunk in self._stream:
                if time.monotonic() > self._request.extensions[_UNTIL]:
                    raise httpx2.ReadTimeout("the answer was not complete in time", request=self._request)
                yield chunk

        def close(self) -> None:
            self._stream.close()

    def hook(answer: Any) -> None:
        known = answer.request.extensions
        answer.request.headers = known[_HEADERS]
        known["timeout"]["read"] = max(0.001, known[_UNTIL] - time.monotonic())
        answer.stream = Timely(answer)

    return hook
