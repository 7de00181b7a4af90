"""The secrets that a startup script names."""

from pathlib import Path

import pytest

from deploy.release.secret_names import SecretName, secret_names


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("x=$(gcloud secrets versions access latest --secret api-key)", [SecretName("p", "api-key")]),
        ('gcloud secrets versions access 3 --secret="api-key" --project q', [SecretName("q", "api-key", "3")]),
        ("gcloud secrets versions access latest \\\n  --secret=api-key", [SecretName("p", "api-key")]),
        ("curl https://secretmanager.googleapis.com/v1/projects/q/secrets/a/versions/2", [SecretName("q", "a", "2")]),
        ("KEY=sm://q/api-key", [SecretName("q", "api-key")]),
        (
            "a=$(gcloud secrets versions access 3 --secret a) b=$(gcloud secrets versions access latest --secret=b)",
            [SecretName("p", "a", "3"), SecretName("p", "b")],
        ),
        (
            "gcloud secrets versions access 3 --secret a --project q && gcloud secrets versions access 4 --secret a",
            [SecretName("p", "a", "4"), SecretName("q", "a", "3")],
        ),
        ("gcloud secrets versions access latest --secret $NAME; docker run --secret b", []),
        ("  # gcloud secrets versions access latest --secret api-key", []),
        ("gcloud secrets versions access latest --secret $NAME", []),
        ("docker run --secret api-key", []),
    ],
)
def test_name_in_a_line(script: str, names: list[SecretName]) -> None:
    """A literal name is found with its project and version; comments, variables and other commands name none."""
    assert list(secret_names(script, "p")) == names


def test_calls_of_the_function_of_iac() -> None:
    """The startup script of the AI server reads four secrets through the function of iac/scripts/secret.sh."""
    function = Path("iac/scripts/secret.sh").read_text()
    script = Path("iac/scripts/startup-ai-server.sh.tftpl").read_text().replace("${secret}", function)
    script = script.replace("${tokens_secret}", "dojangkok-ai-server-tokens")
    names = [
        "dojangkok-ai-server-tokens",
        "dojangkok-backend-internal-token",
        "dojangkok-ocr-api",
        "dojangkok-vllm-api-key",
    ]
    assert secret_names(script, "p") == tuple(SecretName("p", name) for name in names)


def test_call_of_another_function_names_no_secret() -> None:
    """A function that reads no secret has no secrets as its arguments."""
    assert secret_names("secret() {\n  cat $1\n}\nx=$(secret a)", "p") == ()
