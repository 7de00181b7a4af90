"""
What a registry holds: a tag's digest, and whether a digest can be pulled. Only HEAD of manifests.

Source: the OCI distribution specification, "Checking if content exists in the registry"; Artifact Registry takes a
Google access token as Bearer.
"""

import random
from collections.abc import Callable
from typing import Final

import httpx

from deploy.errors import CloudError, NotAllowedError, RefusedError
from deploy.image import Reference, is_digest
from deploy.retry import TIMEOUT, TRANSIENT, Time, TransientError, retried, transient

_MANIFESTS: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class Registry:
    """
    A registry.

    Args:
        client: Its transport; redirects are not followed.
        url: Scheme and host, such as `https://asia-northeast3-docker.pkg.dev`.
        headers: Called for each request; has the token. Plain HTTP is sent none.
        time: Of retries.
        budget_s: How long one request may be retried.
        dice: From 0 to 1, for the jitter.
    """

    def __init__(
        self,
        client: httpx.Client,
        url: str,
        headers: Callable[[], dict[str, str]],
        time: Time,
        budget_s: float = 30.0,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.url = url.rstrip("/")
        self.requests = 0
        self._client = client
        self._headers = headers if self.url.startswith("https://") else dict
        self._time = time
        self._budget_s = budget_s
        self._dice = dice

    def bill(self, reference: Reference) -> str:
        """Return the digest of an image's bill of materials, which the push lays beside it; empty if none is told."""
        path, tag = reference.repository.partition("/")[2], f"{reference.digest.replace(':', '-')}.sbom"
        try:
            answer = retried(
                lambda: self._head(f"{self.url}/v2/{path}/manifests/{tag}"), self._time, self._budget_s, self._dice
            )
        except CloudError:
            return ""
        digest = answer.headers.get("docker-content-digest", "") if answer.is_success else ""
        return digest if is_digest(digest) else ""

    def resolved(self, reference: Reference) -> Reference:
        """
        Return a reference by digest that the registry holds; a digest beside a tag goes before it.

        Raises:
            RefusedError: It holds no such manifest, does not name its digest, or does not answer.
            NotAllowedError: 401 or 403.
        """
        asked = reference.digest or reference.tag
        path = reference.repository.partition("/")[2]
        where = f"{self.url}/v2/{path}/manifests/{asked}"
        try:
            answer = retried(lambda: self._head(where), self._time, self._budget_s, self._dice)
        except CloudError as error:
            raise RefusedError(
                f"registry: '{reference}' could not be looked up: {error.message}.",
                "try again, or correct `registry_url` (--registry-url)",
            ) from error
        if answer.status_code == 404:
            raise RefusedError(
                f"registry {self.url}: '{reference.repository}' has no '{asked}'.", "push it first, or name another one"
            )
        if answer.status_code in (401, 403):
            raise NotAllowedError(
                f"registry {self.url}: '{reference.repository}': {answer.status_code}, reading is not allowed.",
                "grant the deployer's account artifactregistry.repositories.downloadArtifacts",
            )
        if not answer.is_success:
            raise RefusedError(
                f"registry {self.url}: '{reference}': answered {answer.status_code}.",
                "correct `registry_url` (--registry-url)",
            )
        digest = answer.headers.get("docker-content-digest", reference.digest)
        if not is_digest(digest) or reference.digest not in ("", digest):
            raise RefusedError(
                f"registry {self.url}: says that '{reference}' has the digest '{digest}'.",
                "name the digest, HOST/PATH@sha256:…, of an image that is there",
            )
        return Reference(reference.repository, digest=digest)

    def _head(self, where: str) -> httpx.Response:
        self.requests += 1
        accepted = {"accept": ", ".join(_MANIFESTS)}
        try:
            answer = self._client.request(
                "HEAD", where, headers={**self._headers(), **accepted}, timeout=TIMEOUT, follow_redirects=False
            )
        except httpx.RequestError as error:
            raise TransientError(f"HEAD {where}: {type(error).__name__}: {error}") from error
        if answer.status_code in TRANSIENT:
            raise transient(f"HEAD {where}: {answer.status_code}", answer)
        return answer
