"""What a reader chooses for every page, the language and the theme: names in an address, cookies, and their values."""

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Scope


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice: its parameter in an address, the cookie that remembers it, and its values, the default first."""

    parameter: str
    cookie: str
    values: tuple[str, ...]

    @property
    def default(self) -> str:
        return self.values[0]

    def of(self, scope: Scope) -> str:
        """Return the value that the address of a request names, else the remembered one, else the default."""
        named = parse_qs(scope["query_string"].decode("latin-1")).get(self.parameter, [""])[-1]
        kept = _cookies(Headers(scope=scope).get("cookie", "")).get(self.cookie)
        values = (named, kept.value if kept is not None else "")
        return next((value for value in values if value in self.values), self.default)


LANGUAGE = Choice("lang", "gwidama_lang", ("ko", "en"))
THEME = Choice("theme", "gwidama_theme", ("system", "light", "dark"))
CHOICES = (LANGUAGE, THEME)


def _cookies(header: str) -> SimpleCookie:
    try:
        return SimpleCookie(header)
    except CookieError:
        return SimpleCookie()
