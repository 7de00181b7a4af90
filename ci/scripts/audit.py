"""
Search for known vulnerabilities: `python audit.py FOLDER URL` reads FOLDER/uv.lock, and asks the service at URL.

`uv audit` finds the vulnerabilities. It prints no severity (0.13.9, tried), so this script reads the advisories of the
same service. The service has the protocol of OSV (google.github.io/osv.dev/api, read 2026-11-27). It is sent the names
and versions of the packages, and no credential.

Prints one line of JSON: packages (their number), vulnerabilities (package, version, ids, severity, fixed). The severity
is low, medium, high or critical, or empty where no advisory states one or none can be read.
Exit codes: 0 searched, 75 the service did not answer, any other a failure of uv; the reason is on stderr.
"""

import json
import os
import subprocess
import sys
import time
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

NOT_ANSWERED = 75
# `--no-config`: a list in pyproject.toml would ignore advisories without a reason and without an end.
_AUDIT = [
    "uv", "audit", "--frozen", "--no-dev", "--no-config", "--quiet", "--color", "never",
    "--preview-features", "audit-command,json-output", "--output-format", "json",
]  # fmt: skip
_FOUND = 1  # exit code of uv where a package has a vulnerability
_REQUEST_S = 10
_LONGEST_S = 30  # of the search, and again of the reading of severities
_LARGEST = 4 * 1024 * 1024
# What the errors of uv say of a request, whether it was refused, timed out or was answered with an error.
_OF_A_REQUEST = "for url ("
# The words of GitHub's advisories, and those of CVSS.
_WORDS = {"low": "low", "moderate": "medium", "medium": "medium", "high": "high", "critical": "critical"}
_KINDS = {"CVSS_V2": CVSS2, "CVSS_V3": CVSS3, "CVSS_V4": CVSS4}
_RISING = ("", "low", "medium", "high", "critical")


class NotAnsweredError(Exception):
    """The service did not answer; the text is the reason."""


class AuditError(Exception):
    """`uv audit` failed; the text is its own."""


def audit(folder: str, url: str) -> dict[str, Any]:
    """
    Return what `uv audit` prints of the lock file in a folder.

    Raises:
        NotAnsweredError: the service cannot be reached, takes too long, or answers with an error
        AuditError: uv failed for another reason, such as a lock file that it cannot read
    """
    variables = {**os.environ, "UV_HTTP_TIMEOUT": str(_REQUEST_S), "UV_HTTP_RETRIES": "1"}
    command = [*_AUDIT, "--project", folder, "--service-url", url]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, env=variables, check=False)
    except subprocess.TimeoutExpired as error:
        raise NotAnsweredError(f"{url} did not answer within {_LONGEST_S} s") from error
    if ended.returncode in (0, _FOUND) and ended.stdout:
        return dict(json.loads(ended.stdout))
    if _OF_A_REQUEST in ended.stderr:
        lines = [line.strip().removeprefix("error: ") for line in ended.stderr.splitlines() if line.strip()]
        raise NotAnsweredError(f"{url} gave no result: {lines[-1].removeprefix('cause: ')}")
    raise AuditError(ended.stderr)


def severity_of(advisory: dict[str, Any]) -> str:
    """Return the word of an advisory for its severity, else that of its highest CVSS vector; empty without both."""
    word = (advisory.get("database_specific") or {}).get("severity")
    if isinstance(word, str) and word.lower() in _WORDS:
        return _WORDS[word.lower()]
    return max((_of_vector(entry) for entry in advisory.get("severity") or []), key=_RISING.index, default="")


def _of_vector(entry: dict[str, str]) -> str:
    kind = _KINDS.get(entry.get("type", ""))
    try:
        word = kind(entry.get("score", "")).severities()[0] if kind else ""
    except CVSSError:
        return ""
    return "low" if word == "None" else _WORDS.get(word.lower(), "")


def read_severity(url: str, ids: list[str], deadline: float) -> str:
    """Return the severity of the first advisory among these ids that states one; empty where none does in time."""
    for name in ids:
        if time.monotonic() > deadline:
            break
        try:
            with urlopen(f"{url}/v1/vulns/{quote(name, safe='')}", timeout=_REQUEST_S) as answer:
                severity = severity_of(json.loads(answer.read(_LARGEST)))
        except (URLError, HTTPException, OSError, ValueError, AttributeError, TypeError):
            continue
        if severity:
            return severity
    return ""


def with_severities(result: dict[str, Any], url: str) -> dict[str, Any]:
    """Return the result of `uv audit` with severities, in the form that this script prints."""
    entries = result["vulnerabilities"]
    all_ids = [list(dict.fromkeys([entry["id"], *entry["aliases"]])) for entry in entries]
    deadline = time.monotonic() + _LONGEST_S
    return {
        "packages": result["summary"]["audited_packages"],
        "vulnerabilities": [
            {
                "package": entry["dependency"]["name"],
                "version": entry["dependency"]["version"],
                "ids": ids,
                "severity": read_severity(url, ids, deadline),
                "fixed": entry["fix_versions"],
            }
            for entry, ids in zip(entries, all_ids, strict=True)
        ],
    }


def main(folder: str, url: str) -> int:
    """Search, and print the result."""
    try:
        print(json.dumps(with_severities(audit(folder, url), url)))
    except NotAnsweredError as error:
        print(error, file=sys.stderr)
        return NOT_ANSWERED
    except AuditError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
