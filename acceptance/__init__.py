"""A whole run on a disposable Google Cloud project, by a person: README.md."""
