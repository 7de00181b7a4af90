"""
Redaction of personal data in texts for a language model or a log.

`view` normalises a text, `kept` and the modules of each kind find numbers in the view, `redaction` writes the labels.
"""

from app.pii.redaction import redact

__all__ = ["redact"]
