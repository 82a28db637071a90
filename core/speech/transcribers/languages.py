"""The languages that can be asked for: the codes of Whisper. A recogniser with fewer says so itself."""

from core.errors import InputError

WRITTEN = (
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id "
    "is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si "
    "sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh yue"
)
CODES = frozenset(WRITTEN.split())


def check(language: str) -> None:
    """`InputError` for a language that is not in `CODES`."""
    if language not in CODES:
        raise unknown(language)


def unknown(language: str) -> InputError:
    """The error of a language that a recogniser does not know."""
    return InputError(
        "no recogniser knows the language {language!r}; give a code such as ko, en, ja, zh or vi", language=language
    )
