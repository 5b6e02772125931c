"""Links to what goes away are found where a browser follows them, not where people read."""

from __future__ import annotations

import pytest

from parity.jobs.web.links import hosted_links

OLD = "app.example"


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://app.parseapp.com/x">',
        "<a href='//APP.parseapp.com'>",
        '<img srcset="/a.png 1x, https://files.parsetfss.com/k/tfss-1.png 2x">',
        '<form action="http://app.example/send">',
        '<meta http-equiv="refresh" content="0; url=https://app.example/">',
        '<div data-url="https://api.parse.com/1/functions/x">',
        '<div style="background:url(https://files.parse.com/k/a.png)">',
        '<script>var u = "https:\\/\\/api.parse.com\\/1";</script>',
        '<script src="//www.parsecdn.com/js/parse-1.6.14.min.js"></script>',
        "<style>@import 'https://app.parseapp.com/a.css';</style>",
    ],
)
def test_a_link_is_found(html: str) -> None:
    assert len(hosted_links("text/html", html, OLD)) == 1


@pytest.mark.parametrize(
    "html",
    [
        '<a href="/about">',
        '<a href="https://parseplatform.org">',
        '<a href="https://notparseapp.com">',
        '<a href="https://api.parse.com.example.org">',
        '<a href="https://app.example:8443/">',
        '<a href="https://other.example/?back=api.parse.com">',
        "<p>We left https://api.parse.com in 2016.</p>",
        "<!-- https://app.parseapp.com -->",
        '<script src="/a.js"></script><p>https://app.example</p>',
    ],
)
def test_what_is_no_such_link_is_not(html: str) -> None:
    assert hosted_links("text/html", html, OLD) == []


def test_scripts_and_styles_are_looked_at_and_text_is_not() -> None:
    text = 'Parse.serverURL = "https://api.parse.com/1";'
    assert hosted_links("application/javascript", text, None) == ["https://api.parse.com/1"]
    assert hosted_links("text/css", "a{b:url(//x.parseapp.com/i.png)}", None)
    assert hosted_links("text/plain", text, None) == []


def test_each_link_is_named_once_and_the_old_address_may_stay() -> None:
    html = '<a href="http://app.example/a"><a href="http://app.example/a">'
    assert hosted_links("text/html", html, OLD) == ["http://app.example/a"]
    assert hosted_links("text/html", html, None) == []
