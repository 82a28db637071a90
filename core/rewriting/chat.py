"""Sends one request to a service with OpenAI's interface and sorts what can go wrong.

Services differ in what they accept: one that refuses structured output, a seed, a temperature or the name of the limit
is asked again without it, and is not offered it any more. A failure that time may heal is `Busy`, one of this request
alone is `Rejected`, and one that no further request can heal is an `InputError` with the way out.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from threading import Lock
from typing import Any

from core.endpoints import Endpoint, within
from core.errors import InputError

# What a service may refuse, the words by which its message names it, and what takes its place.
_OPTIONS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("response_format", ("response_format", "json_schema", "guided", "structured"), ""),
    ("seed", ("seed",), ""),
    ("temperature", ("temperature",), ""),
    ("max_completion_tokens", ("max_completion_tokens", "max_tokens"), "max_tokens"),
)
_BUSY = (408, 409, 425, 429)
_GRACE_S = 0.25  # the client itself ends nearly every exchange in time; this is for what it does not see
_NO_MONEY = "insufficient_quota"
_BAD_REQUEST = (400, 422)
_UNCONNECTED = ("ConnectError", "ConnectTimeout")  # failures of the HTTP client by which no request went out
_FILTERS = ("content_filter", "content filter", "content management policy", "responsibleaipolicyviolation")


class Busy(Exception):
    """The service may answer later. `wait_s` is how long it asks to wait, None if it does not say.

    `may_cost` is True where the service may have worked on the request.
    """

    def __init__(self, reason: str, wait_s: float | None = None, may_cost: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.wait_s, self.may_cost = reason, wait_s, may_cost


class Rejected(Exception):
    """The service does not accept this request; another one may be accepted. `is_filter`: because of its content."""

    def __init__(self, reason: str, is_filter: bool) -> None:
        super().__init__(reason)
        self.reason, self.is_filter = reason, is_filter


class Chat:
    """Requests to one service; several threads may use it."""

    def __init__(
        self,
        endpoint: Endpoint,
        timeout_s: float = 60.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.endpoint = endpoint
        self._client, self._timeout_s, self._now = endpoint.client(timeout_s), timeout_s, now
        self._refused: set[str] = set()
        self._lock = Lock()

    def ask(self, body: Mapping[str, Any]) -> str:
        """The JSON document that answers `body`; `Busy`, `Rejected` or `InputError`."""
        import openai

        for _ in range(len(_OPTIONS) + 1):
            wanted = self._accepted(body)
            try:
                create = self._client.chat.completions.with_raw_response.create
                answer: Any = within(self._timeout_s + _GRACE_S, partial(create, **wanted))
                return str(answer.http_response.text)
            except TimeoutError as error:
                raise Busy(self.endpoint.reason(error), may_cost=True) from error
            except openai.APIConnectionError as error:
                cause = error.__cause__ or error
                raise Busy(self.endpoint.reason(cause), may_cost=type(cause).__name__ not in _UNCONNECTED) from error
            except openai.APIStatusError as error:
                if not self._gives_way(error, wanted):
                    raise self._sorted(error) from error
            except openai.OpenAIError as error:
                raise self._failure(error) from error
        raise AssertionError("each turn refuses one option more")

    def _accepted(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`body` without the options that the service refused before."""
        with self._lock:
            refused = set(self._refused)
        names = {name: other for name, _, other in _OPTIONS if name in refused}
        pairs = ((names.get(name, name), value) for name, value in body.items())
        return {name: value for name, value in pairs if name}

    def _gives_way(self, error: Any, wanted: Mapping[str, Any]) -> bool:
        """Whether the refused request had an option that can be left out; it is left out from now on."""
        if error.status_code not in _BAD_REQUEST or _is_filter(error):
            return False
        message = f"{error.param or ''} {error}".casefold()
        named = [name for name, words, _ in _OPTIONS if name in wanted and any(word in message for word in words)]
        if not named and "response_format" in wanted and not error.param:
            named = ["response_format"]  # servers that say nothing useful mostly mean the newest option
        with self._lock:
            self._refused.update(named[:1])
        return bool(named)

    def _sorted(self, error: Any) -> Exception:
        """What a refusal by status means: `Busy`, `Rejected` or an `InputError`."""
        status, told = error.status_code, self.endpoint.reason(error)
        if error.code == _NO_MONEY:
            return InputError(
                "the language model at {host}: the account has no credit left: {reason}",
                host=self.endpoint.host,
                reason=told,
            )
        if status in _BUSY or status >= 500:
            return Busy(told, retry_after(error.response.headers.get("retry-after"), self._now()), status == 504)
        if status in (401, 403):
            return InputError(
                "the language model at {host} refused the key ({reason}); set GWIDAMA_LLM_KEY or GWIDAMA_LLM_KEY_FILE",
                host=self.endpoint.host,
                reason=told,
            )
        if status == 404:
            return InputError(
                "the language model at {host} does not know the address or the model {model!r} ({reason}); check "
                "GWIDAMA_LLM_URL, which often ends in /v1, and GWIDAMA_LLM_MODEL",
                host=self.endpoint.host,
                model=self.endpoint.model,
                reason=told,
            )
        if status in (*_BAD_REQUEST, 413):
            return Rejected(told, _is_filter(error))
        return self._failure(error)

    def _failure(self, error: Exception) -> InputError:
        return InputError(
            "the language model at {host}: {reason}", host=self.endpoint.host, reason=self.endpoint.reason(error)
        )


def _is_filter(error: Any) -> bool:
    """Whether a service refused a request because of its content."""
    return any(word in f"{error.code} {error}".casefold() for word in _FILTERS)


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds that the header Retry-After asks for: a number or a date. None if it is absent or unreadable.

    >>> start = datetime(2026, 1, 1, tzinfo=UTC)
    >>> retry_after("1.5", start), retry_after("Thu, 01 Jan 2026 00:00:20 GMT", start), retry_after("soon", start)
    (1.5, 20.0, None)
    """
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None
