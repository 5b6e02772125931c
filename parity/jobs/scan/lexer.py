"""Source in other languages than JavaScript: what is code, what is a comment."""

from __future__ import annotations

import re
from typing import Final

_STRING = r"""@?"(?:\\.|[^"\\\n])*+"?|'(?:\\.|[^'\\\n])*+'?|`(?:\\.|[^`\\])*+`?"""
_TRIPLE = r'"""(?s:.*?)(?:"""|\Z)'
_SLASHES = r"/\*(?s:.*?)(?:\*/|\Z)|//[^\n]*"
_HASH = r"\#[^\n]*"
_MARKUP = r"<!--(?s:.*?)(?:-->|\Z)"


def _pattern(comment: str, *strings: str) -> re.Pattern[str]:
    tokens = "|".join(strings)
    return re.compile(f"(?P<comment>{comment})" + (f"|(?:{tokens})" if tokens else ""))


_SLASHED: Final = _pattern(_SLASHES, _TRIPLE, _STRING)
_PHP: Final = _pattern(f"{_SLASHES}|{_HASH}", _STRING)
_HASHED: Final = _pattern(_HASH, _STRING)
_TAGGED: Final = _pattern(_MARKUP)

_BY_ENDING: Final = {
    **dict.fromkeys(
        ("m", "mm", "h", "swift", "java", "kt", "kts", "cs", "gradle", "ts", "tsx", "js", "jsx",
         "json", "dart", "groovy", "scala", "c", "cc", "cpp"),
        _SLASHED,
    ),
    "php": _PHP,
    **dict.fromkeys(
        ("rb", "py", "sh", "yml", "yaml", "toml", "properties", "podspec", "podfile", "cartfile",
         "env", "conf"),
        _HASHED,
    ),
    **dict.fromkeys(
        ("xml", "html", "htm", "plist", "csproj", "config", "storyboard", "xib", "xaml", "vue",
         "cshtml"),
        _TAGGED,
    ),
}  # fmt: skip


def without_comments(text: str, ending: str) -> str:
    """Return source with its comments blanked, so that places stay where they are.

    Args:
        text: The source.
        ending: The end of the file's name, in lower case: ``swift``. What is not known is
            returned as it is.
    """
    pattern = _BY_ENDING.get(ending)
    if pattern is None:
        return text
    return pattern.sub(_blank, text)


def comments(text: str, ending: str) -> list[tuple[int, str]]:
    """Return the comments of source with where they start."""
    pattern = _BY_ENDING.get(ending)
    if pattern is None:
        return []
    return [
        (match.start(), match["comment"]) for match in pattern.finditer(text) if match["comment"]
    ]


def _blank(match: re.Match[str]) -> str:
    if match["comment"] is None:
        return match[0]
    return re.sub(r"[^\n]", " ", match[0])
