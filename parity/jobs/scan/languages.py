"""Source of any language: what is code, what is a comment, what is a text.

Languages with a grammar are parsed by tree-sitter. A template is read as what it is: markup, with
scripts in it that are parsed as JavaScript. For the rest, whose comments and texts can be told
apart without a grammar, patterns do.

Offsets count bytes, so code is text with one character a byte (Latin-1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Final

from tree_sitter import Language, Node, Parser, Point, Query, QueryCursor, Range

from parity.targets.sources import MARKUP

_GRAMMARS: Final = {
    **dict.fromkeys(
        ("js", "cjs", "mjs", "jsx", "es6", "jsbundle", "bundle"), ("javascript", "language")
    ),
    "ts": ("typescript", "language_typescript"),
    "tsx": ("typescript", "language_tsx"),
    "swift": ("swift", "language"),
    **dict.fromkeys(("m", "mm", "h"), ("objc", "language")),
    "java": ("java", "language"),
    **dict.fromkeys(("kt", "kts"), ("kotlin", "language")),
    "cs": ("c_sharp", "language"),
}
"""Ending of a file's name to its grammar: package and function."""
_COMMENTS: Final = ("comment", "line_comment", "block_comment", "multiline_comment", "html_comment")
_TEXTS: Final = frozenset(
    {
        "string", "template_string", "string_literal", "line_string_literal", "raw_string_literal",
        "multi_line_string_literal", "multiline_string_literal", "verbatim_string_literal",
        "interpolated_string_expression", "regex", "regex_literal", "jsx_text",
    }
)  # fmt: skip
_HOLES: Final = frozenset({"template_substitution", "interpolation", "interpolated_expression"})

_NAMES: Final = {
    **dict.fromkeys(("js", "cjs", "mjs", "jsx", "es6", "jsbundle", "bundle"), "JavaScript"),
    **dict.fromkeys(("ts", "tsx"), "TypeScript"),
    **dict.fromkeys(("coffee", "litcoffee", "iced"), "CoffeeScript"),
    **dict.fromkeys(("m", "mm", "h"), "Objective-C"),
    "swift": "Swift", "java": "Java", **dict.fromkeys(("kt", "kts"), "Kotlin"), "cs": "C#",
    "php": "PHP", "phtml": "PHP", "rb": "Ruby", "py": "Python", "gradle": "Gradle",
    "as": "ActionScript", "dart": "Dart", "go": "Go", "ino": "Arduino", "lua": "Lua", "vb": "VB",
    **dict.fromkeys(("sh", "bash"), "shell"), **dict.fromkeys(("pl", "pm"), "Perl"),
    **dict.fromkeys(("html", "htm", "xhtml"), "HTML"),
    "ejs": "EJS", "jade": "Pug", "pug": "Pug", "haml": "Haml", "slim": "Slim",
    "erb": "ERB", "rhtml": "ERB",
    **dict.fromkeys(("hbs", "handlebars", "mustache"), "Handlebars"),
    **dict.fromkeys(("jsp", "jspx", "jspf", "gsp"), "JSP"),
    **dict.fromkeys(("asp", "aspx", "ascx", "master"), "ASP"),
    **dict.fromkeys(("cshtml", "razor", "vbhtml"), "Razor"),
    "vue": "Vue", "svelte": "Svelte",
    **dict.fromkeys(("twig", "liquid", "jinja", "j2", "njk", "tpl"), "template"),
    "json": "JSON", **dict.fromkeys(("yml", "yaml"), "YAML"),
    **dict.fromkeys(("plist", "xml", "config", "csproj", "storyboard", "xib", "xaml"), "XML"),
}  # fmt: skip
_INDENTED = frozenset({"jade", "pug", "haml", "slim"})
_STRING: Final = b"|".join(
    rb"%s[^%s]*+(?:\\.[^%s]*+)*%s?" % (begins, inner, inner, ends)
    for begins, inner, ends in (
        (b'@?"', rb'"\\\n', b'"'),
        (b"'", rb"'\\\n", b"'"),
        (b"`", rb"`\\", b"`"),
    )
)
_TRIPLE = rb'"""(?s:.*?)(?:"""|\Z)'
_SLASHES = rb"/\*(?s:.*?)(?:\*/|\Z)|//[^\n]*"
_HASH = rb"\#[^\n]*"
_SPACED_HASH = rb"(?<!\S)\#[^\n]*"
_HEREDOC = rb"<<<[ \t]*[\"']?(?P<here>\w+)[\"']?\r?\n(?s:.*?)\n[ \t]*(?P=here)\b"


def _lexer(comment: bytes, *strings: bytes) -> re.Pattern[bytes]:
    tokens = b"|".join(strings)
    return re.compile(
        b"(?P<comment>" + comment + b")" + (b"|(?:" + tokens + b")" if tokens else b""),
        re.MULTILINE,
    )


_SLASHED: Final = _lexer(_SLASHES, _TRIPLE, _STRING)
_HASHED: Final = _lexer(_HASH, _TRIPLE, _STRING)
_SHELL: Final = _lexer(_SPACED_HASH, _STRING)
_RUBY: Final = _lexer(rb"^=begin\b(?s:.*?)(?:^=end\b|\Z)|" + _HASH, _STRING)
_LUA: Final = _lexer(rb"--\[\[(?s:.*?)(?:\]\]|\Z)|--[^\n]*", _STRING)
_BASIC: Final = _lexer(rb"'[^\n]*", rb'"[^"\n]*"?')
_PHP: Final = _lexer(rb"/\*(?s:.*?)(?:\*/|\Z)|(?://|\#)(?:(?!\?>)[^\n])*", _HEREDOC, _STRING)
_TAGGED: Final = _lexer(rb"<!--(?s:.*?)(?:-->|\Z)")
_LEXERS: Final = {
    **dict.fromkeys(
        ("gradle", "dart", "groovy", "scala", "c", "cc", "cpp", "go", "as", "ino"), _SLASHED
    ),
    **dict.fromkeys(("rb", "podspec", "podfile"), _RUBY), "lua": _LUA, "vb": _BASIC, "py": _HASHED,
    **dict.fromkeys(
        ("sh", "bash", "pl", "pm", "yml", "yaml", "toml", "properties", "cartfile", "env", "conf"),
        _SHELL,
    ),
    **dict.fromkeys(
        ("xml", "plist", "entitlements", "csproj", "config", "storyboard", "xib", "xaml",
         "targets", "props"),
        _TAGGED,
    ),
}  # fmt: skip
_MARKUP_TOKENS: Final = re.compile(
    rb"(?P<comment><!--(?s:.*?)(?:-->|\Z)|<%--(?s:.*?)--%>|<%\#(?s:.*?)%>|@\*(?s:.*?)\*@"
    rb"|\{\{!--(?s:.*?)--\}\}|\{\{!(?!--)[^}]*\}\}|\{\#(?s:.*?)\#\})"
    rb"|<script\b(?P<attributes>[^>]*)>(?P<script>(?s:.*?))(?:</script\s*>|\Z)"
    rb"|<\?(?:php\b|=)?(?P<php>(?s:.*?))(?:\?>|\Z)"
    rb"|<%(?s:.*?)%>",
    re.IGNORECASE,
)
_OUTPUT_TAG: Final = re.compile(
    rb"<%[=-](?s:.*?)%>|<\?=(?s:.*?)\?>|<\?php\s+echo(?s:.*?)\?>|\{\{(?s:.*?)\}\}|\$\{[^}]*\}"
)
_TAG: Final = re.compile(rb"<%(?s:.*?)%>|<\?(?s:.*?)\?>|\{%(?s:.*?)%\}")
_NO_SCRIPT: Final = re.compile(
    rb"type\s*=\s*[\"']?(?:text/(?!java|babel|jsx|ecma)|[\w/-]*json)", re.IGNORECASE
)
_INDENTED_SCRIPT: Final = re.compile(
    rb"^(?P<indent>[ \t]*)(?:script\b[^\n]*\.|:javascript|javascript:)[ \t]*$", re.MULTILINE
)
_INDENTED_COMMENT: Final = re.compile(
    rb"^(?P<indent>[ \t]*)(?://-?|-\#|/(?!/))[^\n]*", re.MULTILINE
)


@dataclass(slots=True)
class Reading:
    """Source, read.

    Attributes:
        code: The source with its comments blanked, one character a byte.
        comments: Each comment with the offset where it starts.
        roots: Trees of what was parsed.
    """

    code: str
    comments: list[tuple[int, str]] = field(default_factory=list)
    roots: list[Node] = field(default_factory=list)

    def is_text(self, offset: int) -> bool:
        """Tell whether an offset lies within a text or a regular expression, not in code."""
        for root in self.roots:
            node = root.descendant_for_byte_range(offset, offset + 1)
            while node is not None and node.type not in _HOLES:
                if node.type in _TEXTS:
                    return True
                node = node.parent
        return False


def language_of(ending: str) -> str:
    """Return the name of a language for people, by the ending of a file's name."""
    return _NAMES.get(ending, "other")


@lru_cache(maxsize=16)
def _grammar(package: str, function: str) -> Language:
    return Language(getattr(import_module(f"tree_sitter_{package}"), function)())


def grammar_of(ending: str) -> Language:
    """Return the grammar for an ending that has one."""
    return _grammar(*_GRAMMARS[ending])


@lru_cache(maxsize=16)
def _comments_in(language: Language) -> Query:
    kinds = [kind for kind in _COMMENTS if language.id_for_node_kind(kind, True)]
    return Query(language, "[" + " ".join(f"({kind})" for kind in kinds) + "] @comment")


def read_source(data: bytes, ending: str) -> Reading:
    """Read source.

    Args:
        data: UTF-8; anything else is read as well as it goes.
        ending: The end of the file's name, in lower case: ``swift``. What is not known has no
            comments.
    """
    if ending in _GRAMMARS:
        root = Parser(grammar_of(ending)).parse(data).root_node
        return _blanked(data, _comment_spans(root, grammar_of(ending)), [root])
    if ending in MARKUP:
        return _markup(data, ending)
    lexer = _LEXERS.get(ending)
    spans = [] if lexer is None else list(_lexed(lexer, data, 0, len(data)))
    return _blanked(data, spans, [])


def _comment_spans(root: Node, language: Language) -> list[tuple[int, int]]:
    found = QueryCursor(_comments_in(language)).captures(root).get("comment", ())
    return sorted((node.start_byte, node.end_byte) for node in found)


def _lexed(
    lexer: re.Pattern[bytes], data: bytes, start: int, end: int
) -> Iterator[tuple[int, int]]:
    for match in lexer.finditer(data, start, end):
        if match["comment"]:
            yield match.span("comment")


def _blanked(data: bytes, spans: list[tuple[int, int]], roots: list[Node]) -> Reading:
    comments = []
    parts = []
    done = 0
    for start, end in sorted(spans):
        if start < done:
            continue
        text = data[start:end].decode("latin-1")
        comments.append((start, text))
        parts += [data[done:start].decode("latin-1"), re.sub(r"[^\n]", " ", text)]
        done = end
    parts.append(data[done:].decode("latin-1"))
    return Reading("".join(parts), comments, roots)


def _markup(data: bytes, ending: str) -> Reading:
    """Read a template: comments of markup and of the template, scripts, and PHP."""
    spans: list[tuple[int, int]] = []
    scripts: list[tuple[int, int]] = []
    for match in _MARKUP_TOKENS.finditer(data):
        if match["comment"] is not None:
            spans.append(match.span("comment"))
        elif match["script"] is not None and not _NO_SCRIPT.search(match["attributes"]):
            scripts.append(match.span("script"))
        elif match["php"] is not None:
            spans += _lexed(_PHP, data, *match.span("php"))
    if ending in _INDENTED:
        scripts += [
            span for match in _INDENTED_SCRIPT.finditer(data) if (span := _block(data, match))
        ]
        for match in _INDENTED_COMMENT.finditer(data):
            block = _block(data, match)
            inside = any(start <= match.start() < end for start, end in scripts)
            if not inside:
                spans.append((match.start(), block[1] if block else match.end()))
    scripts = [span for span in scripts if data[slice(*span)].strip()]
    if not scripts:
        return _blanked(data, spans, [])
    masked = _TAG.sub(_spaces, _OUTPUT_TAG.sub(_name, data))
    language = grammar_of("js")
    roots = [
        Parser(language, included_ranges=[_range(data, start, end)]).parse(masked).root_node
        for start, end in sorted(scripts)
    ]
    for root in roots:
        spans += _comment_spans(root, language)
    return _blanked(data, spans, roots)


def _range(data: bytes, start: int, end: int) -> Range:
    def point(offset: int) -> Point:
        return Point(data.count(b"\n", 0, offset), offset - data.rfind(b"\n", 0, offset) - 1)

    return Range(point(start), point(end), start, end)


def _block(data: bytes, head: re.Match[bytes]) -> tuple[int, int] | None:
    """Return the lines below a line that are indented deeper than it."""
    start = end = head.end() + 1
    for line in data[start:].split(b"\n"):
        indent = len(line) - len(line.lstrip(b" \t"))
        if line.strip() and indent <= len(head["indent"]):
            break
        end += len(line) + 1
    return (start, min(end, len(data))) if end > start else None


def _filled(filler: bytes) -> Callable[[re.Match[bytes]], bytes]:
    return lambda match: re.sub(rb"[^\n]", filler, match[0])


_spaces: Final = _filled(b" ")
_name: Final = _filled(b"_")
