"""A release: image references and their mentions, templates, release records and the history. Pure."""
