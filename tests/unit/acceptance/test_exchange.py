"""What a recording may contain: no secret, no account of a person, no name of the project, and no login."""

import json
from pathlib import Path
from typing import Any

import pytest

from acceptance.exchange import Exchange, may_be_recorded, read_exchanges, without_secrets

PROJECT = "disposable-1"
TOKEN = "ya29.a0AfH6SMBxK3" + "x" * 40
JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----"
SIGNATURE = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d"


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ({"access_token": TOKEN}, TOKEN),
        ({"message": f"Authorization: Bearer {TOKEN}"}, TOKEN),
        ({"contents": f"boot\nlogin with {JWT}\nready"}, JWT),
        ({"items": [{"key": "DB_PASSWORD", "value": "hunter22-Xq9"}]}, "hunter22-Xq9"),
        ({"password": "hunter22-Xq9"}, "hunter22-Xq9"),
        ({"items": [{"key": "startup-script", "value": f"#!/bin/sh\ncat <<E\n{PRIVATE_KEY}\nE\n"}]}, "MIIEvQIBADAN"),
        ({"url": f"https://storage.googleapis.com/b/o?X-Goog-Signature={SIGNATURE}"}, SIGNATURE),
        ({"items": [{"key": "ssh-keys", "value": "alice:ssh-ed25519 AAAAC3NzaC1lZDI1 alice@laptop"}]}, "AAAAC3NzaC1"),
        ({"user": "alice@example.org"}, "alice@example.org"),
        ({"error": {"message": "alice@example.org may not read it"}}, "alice@example.org"),
        ({"url": "https://example.com/?user=alice%40example.org"}, "alice"),
        ([[TOKEN]], TOKEN),
        ({"selfLink": f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/global/networks/a"}, PROJECT),
        ({"name": "projects/123456789012/services/compute.googleapis.com"}, "123456789012"),
        ({"message": "Quota exceeded for project 123456789012."}, "123456789012"),
        ({"url": "https://console.cloud.google.com/apis?project=123456789012&a=b"}, "123456789012"),
        ({"url": "https://example.com/?next=projects%2F123456789012"}, "123456789012"),
        ({"parent": "organizations/412345678901/policies", "next": "folders/98765"}, "412345678901"),
        ({"parent": "folders/98765"}, "98765"),
        ({"consumer": "project_number:1234567890"}, "1234567890"),
        ({"projectNumber": 1234567890}, "1234567890"),
        ({"123456789012": "key"}, "123456789012"),
        ({"contents": "sshd: session opened for alice_example_com(uid=1)"}, "alice_example_com"),
        ({"contents": "sudo: ext_alice_example_info : TTY=pts/0"}, "ext_alice_example_info"),
        ({"contents": "ls /home/alice"}, "alice"),
        ({"username": "alice"}, "alice"),
        ({"user": "alice"}, "alice"),
        ({"contents": "sshd[812]: Accepted publickey for alice from 35.235.240.1 port 40000 ssh2"}, "alice"),
        ({"contents": "Nov 27 vm sudo:   alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls"}, "alice"),
        ({"contents": "systemd[1]: Started Session 3 of User alice."}, "alice"),
        ({"contents": "google_guest_agent[700]: Creating user alice."}, "alice"),
        ({"contents": "GCEGuestAgent: Adding existing user 'alice' to google-sudoers group."}, "alice"),
        ({"member": "principal://iam.googleapis.com/locations/global/workforcePools/p/subject/alice"}, "alice"),
        ({"email": "123456789012-compute@developer.gserviceaccount.com"}, "123456789012"),
        ({"email": f"ai-server@{PROJECT}.iam.gserviceaccount.com"}, PROJECT),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "",
)
def test_secrets_and_names_are_left_out(value: Any, secret: str) -> None:
    """Nothing of a secret, a person or the project is left, at any depth of a document."""
    assert secret in json.dumps(value, ensure_ascii=False).replace("\\n", "\n")
    assert secret not in json.dumps(without_secrets(value, PROJECT))


@pytest.mark.parametrize(
    "value",
    [
        {"fingerprint": "V4BKkvNevmY=", "id": "4001790000000000005", "targetSize": 3, "isStable": False, "x": None},
        {"name": "operation-1790000000000-8c018f2478019-3e57d170-26c1d7d5", "status": "DONE"},
        {"email": "ai-server@demo.iam.gserviceaccount.com"},
        {"value": f"docker run host/demo/app@sha256:{'a' * 64}", "key": "startup-script"},
        {"user": "deployer@demo.iam.gserviceaccount.com"},
        {"contents": "startup-script: sudo systemctl start docker\nuser data is absent", "next": "3"},
        {"contents": 'google_metadata_script_runner[9]: Script "startup-script" failed with error: exit status 18'},
        {"nextPageToken": "CoABC123456789012345"},
        {"status": "1234567890123456789", "x": "pulled 12345678901 bytes", "y": "created_at of docker_container"},
        {"name": "disposable-10", "description": "web-disposable-1-b"},
    ],
)
def test_everything_else_stays(value: Any) -> None:
    """Fingerprints, ids, digests, accounts of programs and other names are what the recording is for."""
    assert without_secrets(value, PROJECT) == value


@pytest.mark.parametrize(
    ("host", "path", "is_recorded"),
    [
        ("compute.googleapis.com", "/compute/v1/projects/p/zones/z/instanceGroupManagers/g", True),
        ("cloudresourcemanager.googleapis.com", "/v1/projects/p:testIamPermissions", True),
        ("serviceusage.googleapis.com", "/v1/projects/p/services:batchGet", True),
        ("127.0.0.1", "/compute/v1/projects/p/global/instanceTemplates", True),
        ("sts.googleapis.com", "/v1/token", False),
        ("oauth2.googleapis.com", "/token", False),
        ("iamcredentials.googleapis.com", "/v1/projects/-/serviceAccounts/a:generateAccessToken", False),
        ("127.0.0.1", "/v1/projects/-/serviceAccounts/a:generateAccessToken", False),
        ("127.0.0.1", "/v1/token", False),
        ("secretmanager.googleapis.com", "/v1/projects/p/secrets/s/versions/1:access", False),
        ("asia-northeast3-docker.pkg.dev", "/v2/token", False),
        ("compute.googleapis.com.evil.example", "/compute/v1/projects/p", False),
        ("metadata.google.internal", "/computeMetadata/v1/instance/service-accounts/default/token", False),
    ],
)
def test_logins_are_not_recorded(host: str, path: str, is_recorded: bool) -> None:
    """Requests that give or take a token, or the value of a secret, are never written."""
    assert may_be_recorded(host, path) is is_recorded


def test_recordings_are_read_in_the_order_of_their_times(tmp_path: Path) -> None:
    """What was written is read again, the oldest exchange first, whatever the names of the files are."""

    def exchange(at: str) -> Exchange:
        return Exchange(step="s", host="h", at=at, verb="GET", path="/", request=None, status=200, response={"…": 1})

    (tmp_path / "a.jsonl").write_text(exchange("2026-12-01T10:00:02+00:00").to_line())
    (tmp_path / "b.jsonl").write_text(exchange("2026-12-01T10:00:01+00:00").to_line() + "\n")
    exchanges = read_exchanges([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])
    assert exchanges == (exchange("2026-12-01T10:00:01+00:00"), exchange("2026-12-01T10:00:02+00:00"))
