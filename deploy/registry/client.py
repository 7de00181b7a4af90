"""
A registry: the digest of a tag, and whether an image can be pulled by its digest.

A status of 200 proves nothing, because proxies and login pages answer 200 to everything. A digest is proven by the
header `Docker-Content-Digest` of a HEAD, or by the SHA-256 of the manifest that a GET returns.

Source: the OCI distribution specification, "Pulling manifests" and "Checking if content exists in the registry".
"""

import hashlib
import json
import random
import re
from collections.abc import Callable
from functools import partial
from typing import Final

import httpx

from deploy.errors import CloudError, DeployError, NotAllowedError, RefusedError
from deploy.registry.http import Answer, Logins, RegistryHttp
from deploy.release.registry_names import api_path
from deploy.retry import NOT_FOUND, Time, call_with_retries
from lib.image_reference import TAG, Reference, is_digest

_HEAD_IS_NOT_SERVED: Final = (405, 501)
_MOST_PAGES: Final = 1_000
_CORRECT_URL: Final = "correct `registry_url` (--registry-url)"


class Registry:
    """
    A registry.

    Args:
        client: transport of the requests; it follows no redirects, because RegistryHttp does.
        url: scheme and host, such as `https://asia-northeast3-docker.pkg.dev`.
        logins: logins that the registry may receive.
        time: clock of the retries.
        budget_s: seconds in which one request may be retried.
        dice: returns a number from 0 to 1, for the jitter.
    """

    def __init__(
        self,
        client: httpx.Client,
        url: str,
        logins: Logins,
        time: Time,
        budget_s: float = 30.0,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.url = url.rstrip("/")
        self._http = RegistryHttp(client, self.url, logins)
        self._time = time
        self._budget_s = budget_s
        self._dice = dice

    def find_sbom(self, reference: Reference) -> str:
        """Return the digest of an image's bill of materials, which a push stores beside it; empty without proof."""
        tag = f"{reference.digest.replace(':', '-')}.sbom"
        try:
            return self._read_digest(Reference(reference.repository, tag))
        except DeployError:
            return ""

    def resolve(self, reference: Reference) -> Reference:
        """
        Return a reference by a digest that the registry holds; a digest takes precedence over a tag.

        Raises:
            RefusedError: the registry holds no such manifest, does not prove its digest, or does not answer.
            NotAllowedError: the registry requires a login, or does not accept the login that it received.
        """
        try:
            return Reference(reference.repository, digest=self._read_digest(reference))
        except CloudError as error:
            raise RefusedError(
                f"registry: '{reference}' could not be looked up: {error.message}.",
                f"try again, or {_CORRECT_URL}",
            ) from error

    def check_access(self, repository: str) -> None:
        """
        Check that the registry accepts this login for a repository, whether or not an image is there yet.

        Raises:
            CloudError: the registry does not answer.
            RefusedError: the registry answers with an error, or its address is wrong.
            NotAllowedError: the registry requires a login, or does not accept the login that it received.
        """
        reference = Reference(repository, "latest")
        answer = self._request("HEAD", reference)
        if not _is_success(answer) and answer.status != NOT_FOUND:
            raise self._error(reference, answer)

    def list_tags(self, repository: str) -> list[str]:
        """
        Return the tags of a repository; empty if the registry has no such repository.

        Raises:
            CloudError: the registry does not answer.
            RefusedError: the registry answers with an error or something else than tags, or its pages never end.
            NotAllowedError: the registry requires a login, or does not accept the login that it received.
        """
        tags: list[str] = []
        query, known = "", {""}
        while True:
            answer = self._retried(partial(self._http.tags, repository, query))
            if answer.status == NOT_FOUND and not query:
                return tags
            if not _is_success(answer):
                raise self._error(Reference(repository, "tags/list"), answer)
            tags += self._tags(repository, answer.body)
            query = self._http.next_query(answer)
            if not query:
                return tags
            if query in known or len(known) > _MOST_PAGES:
                raise RefusedError(f"registry {self.url}: '{repository}': the list of tags never ends.", _CORRECT_URL)
            known.add(query)

    def read_manifest(self, reference: Reference) -> bytes | None:
        """
        Return the bytes of a manifest, which have its digest; None if the registry does not hold it.

        Raises:
            CloudError: the registry does not answer.
            RefusedError: the registry answers with an error, or with something else than this manifest.
            NotAllowedError: the registry requires a login, or does not accept the login that it received.
        """
        get = self._request("GET", reference)
        if get.status == NOT_FOUND:
            return None
        if not _is_success(get):
            raise self._error(reference, get)
        self._proven(reference, get)
        return get.body

    def _tags(self, repository: str, body: bytes) -> list[str]:
        try:
            tags = json.loads(body)["tags"] or []
            if all(re.fullmatch(TAG, tag, re.ASCII) for tag in tags):
                return list(tags)
        except (ValueError, RecursionError, KeyError, TypeError):
            pass
        raise RefusedError(f"registry {self.url}: '{repository}': the answer is not a list of tags.", _CORRECT_URL)

    def _read_digest(self, reference: Reference) -> str:
        """Read the proven digest of a manifest."""
        head = self._request("HEAD", reference)
        stated_digest = head.headers.get("docker-content-digest", "")
        if _is_success(head) and is_digest(stated_digest):
            return self._same_digest(reference, stated_digest)
        # The address that a registry redirects to is often signed for GET alone, so that HEAD is refused there.
        is_unproven = (
            _is_success(head) or head.status in _HEAD_IS_NOT_SERVED or (not head.is_own and head.status != 404)
        )
        if not is_unproven:
            raise self._error(reference, head)
        get = self._request("GET", reference)
        if not _is_success(get):
            raise self._error(reference, get)
        return self._proven(reference, get)

    def _proven(self, reference: Reference, get: Answer) -> str:
        """Return the digest of the manifest that a GET returned."""
        digest = f"sha256:{hashlib.sha256(get.body).hexdigest()}"
        stated_digest = get.headers.get("docker-content-digest", "")
        if is_digest(stated_digest) and stated_digest != digest:
            raise RefusedError(
                f"registry {self.url}: '{reference}': the header Docker-Content-Digest is '{stated_digest}', "
                f"but the manifest has the digest '{digest}'.",
                "push the image again",
            )
        if not reference.digest and not _is_manifest(get.body):
            raise RefusedError(f"registry {self.url}: '{reference}': the answer is not a manifest.", _CORRECT_URL)
        return self._same_digest(reference, digest)

    def _request(self, method: str, reference: Reference) -> Answer:
        name = reference.digest or reference.tag
        return self._retried(partial(self._http.manifest, method, reference.repository, name))

    def _retried(self, attempt: Callable[[], Answer]) -> Answer:
        return call_with_retries(attempt, self._time, self._budget_s, self._dice)

    def _same_digest(self, reference: Reference, digest: str) -> str:
        if reference.digest not in ("", digest):
            raise RefusedError(
                f"registry {self.url}: '{reference}' has the digest '{digest}' there.",
                "name the digest, HOST/PATH@sha256:…, of an image that is there",
            )
        return digest

    def _error(self, reference: Reference, answer: Answer) -> DeployError:
        where = f"registry {self.url}: '{reference.repository}'"
        if answer.status == 404:
            asked = reference.digest or reference.tag
            return RefusedError(f"{where} has no '{asked}'.", "push it first, or name another one")
        if answer.status in (401, 403) and self._http.takes_google_token(reference.repository):
            return NotAllowedError(
                f"{where}: {answer.status}, reading is not allowed.",
                "grant the deployer's account artifactregistry.repositories.downloadArtifacts",
            )
        if answer.status in (401, 403):
            login = answer.login or str(answer.url.copy_with(query=None))
            return self._http.refused_login(api_path(reference.repository), answer.status, login)
        return RefusedError(f"registry {self.url}: '{reference}': answered {answer.status}.", _CORRECT_URL)


def _is_success(answer: Answer) -> bool:
    return answer.status == 200


def _is_manifest(body: bytes) -> bool:
    """Return whether a body is a manifest of an image or of several: schema 2 of Docker and OCI."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and data.get("schemaVersion") == 2 and bool({"manifests", "config"} & data.keys())
