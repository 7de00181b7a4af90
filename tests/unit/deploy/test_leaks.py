"""What looks like a secret is refused in a template and hidden in what is shown; what fetches one passes."""

import pytest

from deploy.errors import RefusedError
from deploy.leaks import Leak, leaks, redacted
from deploy.plan import plan
from deploy.preflight import refuse_secrets
from tests.unit.deploy.rig import REPOSITORY, rig

# Put together here, so that no scanner takes this file for a leak.
GITHUB, GOOGLE, AWS = "gh" + "p_" + "a1B2" * 9, "AI" + "za" + "x" * 35, "AK" + "IA" + "Z" * 16
BEGIN = "-----BEGIN " + "PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (BEGIN, "a private key"),
        (BEGIN.replace("PRIVATE", "RSA PRIVATE"), "a private key"),
        (BEGIN.replace("PRIVATE", "OPENSSH PRIVATE"), "a private key"),
        ('{"type": "service_account", "private_key_id": "0a1b"}', "a service account's key"),
        (r"""echo '{\"private_key\": \"MII' > key.json""", "a service account's key"),
        ("TOKEN=ya29." + "c0AbCdEfGh_x", "a Google OAuth token"),
        (f"      GOOGLE_API_KEY: {GOOGLE}", "a Google API key"),
        (f"git clone https://x:{GITHUB}@github.com/a/b", "a GitHub token"),
        (GITHUB.replace("p_", "s_"), "a GitHub token"),
        ("github" + "_pat_11ABCDEFG0" + "x" * 30, "a GitHub token"),
        (f"export AWS_ACCESS_KEY_ID={AWS}", "an AWS key"),
        ("aws_secret_access_key = " + "aB/+" * 10, "an AWS key"),
        ("docker login -u _json_key -p hunter22 asia-docker.pkg.dev", "a registry's password"),
        ("docker login \\\n  --username x \\\n  --password=hunter22 host", "a registry's password"),
        ("echo hunter22 | docker login -u x --password-stdin host", "a registry's password"),
        ("DATABASE_URL=postgres://app:hunter22@10.0.0.3:5432/db", "a password in a URL"),
        ("git clone https://x:hunter22@host/a/b", "a password in a URL"),
        ("curl -H 'Authorization: Bearer eyJhbGciOi.x' host", "a bearer token"),
        ('{"user": "x", "password": "hunter22"}', "a password"),
        ("  'client_secret': 'hunter22',", "a password"),
        ('{"auths": {"host": {"auth": "dXNlcjpodW50ZXIyMg=="}}}', "a registry's password"),
    ],
)
def test_secret_is_found_by_its_line_and_hidden(text: str, what: str) -> None:
    assert [leak for leak in leaks(f"#!/bin/bash\nset -e\n{text}\n") if leak.what == what] == [Leak(what, 3)]
    assert "…" in redacted(text.replace("\\\n", ""))
    assert "hunter22" not in redacted(text.replace("\\\n", ""))


@pytest.mark.parametrize(
    "text",
    [
        'KEY="$(gcloud secrets versions access latest --secret=dojangkok-vllm-api-key)"',
        "VLLM_API_KEY=`gcloud secrets versions access latest --secret=x`",
        'echo "$TOKEN" | docker login -u oauth2accesstoken --password-stdin https://asia-docker.pkg.dev',
        'docker login -u x -p "$PASSWORD" host',
        'docker login -u x --password "$(cat /run/secret)" host',
        "gcloud auth print-access-token | docker login -u oauth2accesstoken --password-stdin host",
        "gcloud auth configure-docker asia-northeast3-docker.pkg.dev --quiet",
        "docker login -u x host && docker run -p 8000:8000 image",
        "DATABASE_URL=postgres://app:$PASSWORD@10.0.0.3/db",
        "DATABASE_URL=postgres://app:${PASSWORD}@10.0.0.3/db",
        "git clone https://$USER:$(cat /run/secret)@host/a/b",
        'curl -H "Authorization: Bearer $TOKEN" http://host:8000/x@y',
        'curl -H "Authorization: Bearer $(gcloud auth print-access-token)" host',
        '{"user": "x", "password": "$PASSWORD"}',
        '{"password": "${PASSWORD}", "token": "", "secret": null}',
        "# a bearer token is needed here",
        "image: host:5000/path@sha256:" + "b" * 64,
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ user@host",
        "# ghp_ tokens and AIza keys belong into Secret Manager; -----BEGIN CERTIFICATE-----",
        f"image: {REPOSITORY}@sha256:{'a' * 64}",
    ],
)
def test_what_fetches_a_secret_passes(text: str) -> None:
    assert leaks(text) == []


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("API_TOKEN=verysecret rest", "API_TOKEN=… rest"),
        ("got ya29." + "short-token-x", "got …"),
        ("monkey=banana", "monkey=…"),
        ("DB_PASS=verysecret", "DB_PASS=…"),
        ("DB_PWD=verysecret", "DB_PWD=…"),
        ('DB_PASSWORD="a b c" rest', "DB_PASSWORD=… rest"),
        ('{"user": "x", "password": "p w"}', '{"user": "x", …}'),
        ("postgres://app:p$w@host/db", "postgres://…@host/db"),
        ("got Authorization: Bearer eyJhbGciOi.x", "got Authorization: Bearer …"),
        (f"a\n{BEGIN}\nMIIEow\nabc\n{BEGIN.replace('BEGIN', 'END')}\nb", "a\n…\nb"),
        (f"a\n{BEGIN}\nMIIEow\nabc", "a\n…"),
        ("a plain line, 1=1", "a plain line, 1=1"),
    ],
)
def test_output_is_shown_without_what_looks_like_a_secret(line: str, shown: str) -> None:
    assert redacted(line) == shown


def test_template_with_secrets_is_refused_by_entry_and_line_and_never_by_value() -> None:
    base = {
        "name": "seed",
        "properties": {
            "metadata": {
                "items": [
                    {"key": "startup-script", "value": f"#!/bin/bash\nA=1\nTOKEN={GITHUB}\n"},
                    {"key": "config", "value": AWS},
                ]
            }
        },
    }
    with pytest.raises(RefusedError) as error:
        refuse_secrets(base)
    assert str(error.value) == (
        "template 'seed': its metadata holds what looks like a secret: 'startup-script' line 3 (a GitHub token),"
        " 'config' line 1 (an AWS key). Fix: keep it in Secret Manager, and let the startup script fetch it."
    )


def test_secret_in_the_base_stops_a_deploy_before_anything_is_written() -> None:
    one = rig()
    observed = one.observed()
    items = observed.template["properties"]["metadata"]["items"]
    items.append({"key": "gh", "value": GITHUB})
    with pytest.raises(RefusedError, match="'gh' line 1"):
        plan(one.config, one.wanted("a"), observed)
    assert one.writes() == []
