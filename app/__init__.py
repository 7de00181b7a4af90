"""The DojangKok AI server: `python -m app` serves it."""
