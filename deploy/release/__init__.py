"""A release: image references and their mentions, templates, release records, history. Pure: no network or file."""
