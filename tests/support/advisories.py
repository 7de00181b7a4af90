"""
The service of OSV on loopback, and a locked package with a known vulnerability, for the search that gates a release.

The form of the answers is that of the real service. Sources: its description, osv.dev/docs/osv_service_v1.swagger.json,
read 2026-11-27, for `querybatch`, whose answer has ids alone; for the advisory of GitHub its answer of 2024-09-24, as a
public client's tests keep it, without its long texts, links and versions. An advisory of PyPI states no severity.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.support.loopback import LOOPBACK, FakeHandler, http_server

_AFFECTED: Final = [
    {
        "package": {"name": "jinja2", "ecosystem": "PyPI", "purl": "pkg:pypi/jinja2"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.10.1"}]}],
        "versions": ["2.9.6", "2.10"],
    }
]
GITHUB: Final[dict[str, Any]] = {
    "id": "GHSA-462w-v97r-4m45",
    "summary": "Jinja2 sandbox escape via string formatting",
    "details": "In Pallets Jinja before 2.10.1, `str.format_map` allows a sandbox escape.",
    "aliases": ["CVE-2019-10906", "PYSEC-2019-217"],
    "modified": "2024-09-24T21:03:59.802687Z",
    "published": "2019-04-10T14:30:24Z",
    "database_specific": {
        "github_reviewed_at": "2020-06-16T20:57:35Z",
        "github_reviewed": True,
        "severity": "HIGH",
        "cwe_ids": ["CWE-693"],
        "nvd_published_at": "2019-04-07T00:29:00Z",
    },
    "references": [{"type": "ADVISORY", "url": "https://nvd.nist.gov/vuln/detail/CVE-2019-10906"}],
    "affected": _AFFECTED,
    "schema_version": "1.6.0",
    "severity": [
        {"type": "CVSS_V3", "score": "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:N"},
        {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:H/SI:N/SA:N"},
    ],
}
PYPI: Final[dict[str, Any]] = {
    "id": "PYSEC-2019-217",
    "details": "In Pallets Jinja before 2.10.1, str.format_map allows a sandbox escape.",
    "aliases": ["CVE-2019-10906", "GHSA-462w-v97r-4m45"],
    "modified": "2021-11-22T04:57:52.862665Z",
    "published": "2019-04-07T00:29:00Z",
    "affected": _AFFECTED,
    "schema_version": "1.6.0",
}
_PROJECT: Final = """\
[project]
name = "planted"
version = "0"
requires-python = ">=3.10"
dependencies = ["jinja2==2.10"]

[tool.uv.audit]
ignore = ["GHSA-462w-v97r-4m45", "PYSEC-2019-217"]
"""
# Two versions of a package: a lock file holds the packages of every Python and system.
_LOCK: Final = """\
version = 1
requires-python = ">=3.10"

[[package]]
name = "planted"
version = "0"
source = { virtual = "." }
dependencies = [{ name = "jinja2" }]

[package.metadata]
requires-dist = [{ name = "jinja2", specifier = "==2.10" }]

[[package]]
name = "jinja2"
version = "2.10"
source = SOURCE
dependencies = [
    { name = "markupsafe", version = "2.1.5", source = SOURCE, marker = "python_full_version < '3.11'" },
    { name = "markupsafe", version = "3.0.4", source = SOURCE, marker = "python_full_version >= '3.11'" },
]

[[package]]
name = "markupsafe"
version = "2.1.5"
source = SOURCE

[[package]]
name = "markupsafe"
version = "3.0.4"
source = SOURCE
""".replace("SOURCE", '{ registry = "https://pypi.org/simple" }')


def lock_old_package(folder: Path) -> None:
    """Write a project whose lock file has jinja2 2.10, and whose own configuration ignores the advisories."""
    (folder / "pyproject.toml").write_text(_PROJECT)
    (folder / "uv.lock").write_text(_LOCK)


@dataclass
class AdvisoryService:
    """
    The service.

    Args:
        advisories: advisories by their ids
        affected: ids of the advisories of each package, by name and version
        status: status of every answer
        asked: path of each request, in order
        url: URL of the service
    """

    advisories: dict[str, dict[str, Any]] = field(default_factory=lambda: {"GHSA-462w-v97r-4m45": GITHUB})
    affected: dict[tuple[str, str], list[str]] = field(
        default_factory=lambda: {("jinja2", "2.10"): ["GHSA-462w-v97r-4m45"]}
    )
    status: int = 200
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def handler(self) -> type[FakeHandler]:
        """Return the class that answers requests."""
        service = self

        class Handler(FakeHandler):
            """Answers the two requests of a search."""

            def answer(self) -> None:
                body = self.read_body()
                service.asked.append(self.path)
                if service.status != 200:
                    self.reply_json({"code": 13, "message": "internal"}, service.status)
                elif self.path == "/v1/querybatch":
                    self.reply_json(
                        {"results": [service.vulnerabilities(query) for query in json.loads(body)["queries"]]}
                    )
                elif self.path.rpartition("/")[2] in service.advisories:
                    self.reply_json(service.advisories[self.path.rpartition("/")[2]])
                else:
                    self.reply_json({"code": 5, "message": "Bug not found."}, 404)

        return Handler

    def vulnerabilities(self, query: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a query of a batch: ids and times; without an advisory an empty object."""
        ids = self.affected.get((query["package"]["name"], query["version"]), [])
        return {"vulns": [{"id": name, "modified": self.advisories[name]["modified"]} for name in ids]} if ids else {}


@contextmanager
def advisory_service(host: str = LOOPBACK) -> Iterator[AdvisoryService]:
    """
    Serve until the block ends.

    Args:
        host: address to listen on: of loopback, or of a private network of containers
    """
    service = AdvisoryService()
    with http_server(service.handler(), host=host) as url:
        service.url = url
        yield service
