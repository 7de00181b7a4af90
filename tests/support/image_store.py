"""A registry that holds manifests, and lists them: by tags, or as Artifact Registry's API lists images."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote

import httpx

from tests.support.loopback import FakeHandler, http_server
from tests.support.releases import REPOSITORY

_KIND = "application/vnd.oci.image"
_FIRST_UPLOAD = "2026-11-01T00:00:00"


@dataclass
class ImageStore(httpx.BaseTransport):
    """
    A registry of one repository, as a transport of httpx or on a port of loopback.

    Args:
        repository: host and path of the images.
        page_size: rows of a page of each list.
        manifests: bodies by digest, in the order of their upload.
        tags: digest by tag.
        statuses: status of the answer to a path, instead of the true answer.
        others: URIs of images of other names in the same repository of Artifact Registry.
        seen: method, path with query, and Authorization of each request.
    """

    repository: str = REPOSITORY
    page_size: int = 100
    manifests: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    seen: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Path of the repository in the registry."""
        return self.repository.partition("/")[2]

    def push(self, document: dict[str, Any], *tags: str) -> str:
        """Store a manifest under tags; return its digest."""
        body = json.dumps({"schemaVersion": 2, **document}).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.manifests[digest] = body
        self.tags |= dict.fromkeys(tags, digest)
        return digest

    def push_image(self, name: str, *tags: str, layers: Sequence[tuple[str, int]] = (), subject: str = "") -> str:
        """Store an image with a configuration of 1,000 bytes and layers of a name and a size; return its digest."""
        document: dict[str, Any] = {
            "config": {**_descriptor(f"config of {name}"), "size": 1_000},
            "layers": [{**_descriptor(layer), "size": size} for layer, size in layers],
        }
        if subject:
            document["subject"] = {"mediaType": f"{_KIND}.manifest.v1+json", "digest": subject, "size": 1}
        return self.push(document, *tags)

    def push_index(self, children: Sequence[str], *tags: str) -> str:
        """Store an index of manifests; return its digest."""
        rows = [{"mediaType": f"{_KIND}.manifest.v1+json", "digest": digest, "size": 1} for digest in children]
        return self.push({"manifests": rows}, *tags)

    def push_bill(self, image: str) -> str:
        """Store a bill of materials as scripts/push.py does; return its digest."""
        tag = f"{image.replace(':', '-')}.sbom"
        return self.push_image(f"bill of {image}", tag, layers=[(f"bill of {image}", 500)])

    def answer(self, method: str, target: str, authorization: str = "") -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the answer to a request."""
        self.seen.append((method, target, authorization))
        path, _, query = target.partition("?")
        values = {key: value[0] for key, value in parse_qs(query).items()}
        if path in self.statuses:
            return self.statuses[path], {}, b'{"error": {"code": 403, "message": "no"}}'
        if path == f"/v2/{self.path}/tags/list":
            return self._tag_page(values.get("last", ""))
        prefix = f"/v2/{self.path}/manifests/"
        if path.startswith(prefix):
            name = path.removeprefix(prefix)
            digest = self.tags.get(name, name)
            body = self.manifests.get(digest)
            return (404, {}, b"{}") if body is None else (200, {"docker-content-digest": digest}, body)
        if path.endswith("/dockerImages"):
            return self._image_page(int(values.get("pageToken", "0")), int(values["pageSize"]))
        return 404, {}, b"{}"

    def _tag_page(self, last: str) -> tuple[int, dict[str, str], bytes]:
        if not self.tags:
            return 404, {}, b'{"errors": [{"code": "NAME_UNKNOWN"}]}'
        rest = sorted(tag for tag in self.tags if tag > last)
        page = rest[: self.page_size]
        following = f"/v2/{self.path}/tags/list?n={self.page_size}&last={quote(page[-1])}"
        link = {"link": f'<{following}>; rel="next"'} if len(rest) > len(page) else {}
        return 200, link, json.dumps({"name": self.path, "tags": page}).encode()

    def _image_page(self, start: int, most: int) -> tuple[int, dict[str, str], bytes]:
        host, project, name = self.repository.split("/")[:3]
        parent = f"projects/{project}/locations/{host.removesuffix('-docker.pkg.dev')}/repositories/{name}"
        uris = [*self.others, *(f"{self.repository}@{digest}" for digest in self.manifests)]
        rows = []
        for number, uri in enumerate(uris):
            tags = [tag for tag, digest in self.tags.items() if uri == f"{self.repository}@{digest}"]
            rows.append(
                {
                    "name": f"{parent}/dockerImages/{quote(uri.split('/', 3)[3], safe='@:')}",
                    "uri": uri,
                    "imageSizeBytes": "1",
                    "uploadTime": f"{_FIRST_UPLOAD}.{number:06}Z",
                    **({"tags": tags} if tags else {}),
                }
            )
        end = start + min(most, self.page_size)
        page: dict[str, Any] = {"dockerImages": rows[start:end]}
        if end < len(rows):
            page["nextPageToken"] = str(end)
        return 200, {"content-type": "application/json"}, json.dumps(page).encode()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of an httpx client in the same process."""
        target, authorization = request.url.raw_path.decode(), request.headers.get("authorization", "")
        status, headers, body = self.answer(request.method, target, authorization)
        return httpx.Response(status, headers=headers, content=body, request=request)


@contextmanager
def served_store(store: ImageStore) -> Iterator[str]:
    """Serve a store until the block ends; gives its URL."""

    class Handler(FakeHandler):
        def answer(self) -> None:
            status, headers, body = store.answer(self.command, self.path, self.headers.get("authorization", ""))
            self.reply(status, body, headers)

    with http_server(Handler) as url:
        yield url


def _descriptor(name: str) -> dict[str, str]:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {"mediaType": f"{_KIND}.layer.v1.tar+gzip", "digest": f"sha256:{digest}"}
