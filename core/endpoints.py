"""Services with OpenAI's interface that a person named: the client of one, and its failures in one line.

Nothing is sent before a person gives an address. The client follows no redirect and reads no proxy, key or address
from the environment, so that what is sent goes to the named address only. Importing this file imports no client.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from core.errors import InputError
from core.plugins import Backend

INSTALL = "pip install openai==3.52.0"
CLIENT = Backend("openai:OpenAI", ("openai",), INSTALL)
_PLACEHOLDER = "none"  # the client wants a key, also for a service that needs none
_MOST_CHARS = 300
# Headers that the client would add by itself: accounts named in the environment, and what machine this is.
_UNSENT = (
    "OpenAI-Organization", "OpenAI-Project", "X-Stainless-OS", "X-Stainless-Arch", "X-Stainless-Runtime",
    "X-Stainless-Runtime-Version",
)  # fmt: skip
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Endpoint:
    """One service: `url` as far as `/v1`, the key it wants ("" for none), the model it is asked for."""

    url: str
    model: str
    key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise InputError(
                "{url!r} is not the address of a service; give one such as http://127.0.0.1:11434/v1, without a key "
                "or a password in it",
                url=parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
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

        return make(
            base_url=self.url, api_key=self.key or _PLACEHOLDER, timeout=timeout_s, max_retries=max_retries,
            default_headers=dict.fromkeys(_UNSENT, openai.Omit()),
            http_client=openai.DefaultHttpxClient(follow_redirects=False, trust_env=False, timeout=timeout_s),
        )  # fmt: skip

    def reason(self, error: BaseException) -> str:
        """What a failure says, in one line of limited length, without the key."""
        line = " ".join(str(error).split()) or type(error).__name__
        return (line.replace(self.key, "…") if self.key else line)[:_MOST_CHARS]
