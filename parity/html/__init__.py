"""The look that all pages share: templates, style, escaping, charts.

A page is a template that extends ``html/page.html``; :func:`render` makes one file of it that
needs no network and no JavaScript.
"""

from parity.html.pages import render
from parity.html.text import visible, visible_lines

__all__ = ["render", "visible", "visible_lines"]
