"""One page for the person who signs: all verdicts, in HTML, PDF, Markdown and JSON."""
