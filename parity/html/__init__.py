"""The look that all pages share: templates, style, escaping, charts."""
