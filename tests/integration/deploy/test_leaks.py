"""A template with a secret in its metadata is refused, by entry, line and name; the environment file may allow it."""

import pytest

from deploy.config import Config
from deploy.documents.resource import Document
from deploy.errors import RefusedError
from deploy.group.preflight import refuse_secrets
from deploy.release.secret_scan import Leak, leaks
from deploy.rollout.deploy_plan import plan_deploy
from deploy.rollout.plan import DeployPlan, DeployRelease
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.lib.forms import BEGIN, FORMS, HARMLESS

_SCRIPT = "#!/bin/bash\nset -e\n{}\n"


def _base(**entries: str) -> Document:
    items = [{"key": key.replace("_", "-"), "value": value} for key, value in entries.items()]
    return {"name": "seed", "properties": {"metadata": {"items": items}}}


def _planned(rig: Rig, config: Config, entries: dict[str, str]) -> DeployPlan:
    observed = rig.observed()
    items = observed.template["properties"]["metadata"]["items"]
    items += [{"key": key, "value": value} for key, value in entries.items()]
    return plan_deploy(config, rig.request("a"), observed)


@pytest.mark.parametrize(("text", "value"), FORMS.values(), ids=FORMS)
def test_secret_in_a_startup_script_is_refused_without_its_value(text: str, value: str) -> None:
    """The refusal of a secret in a startup script has the line number and not the value."""
    config = new_rig().config
    with pytest.raises(RefusedError) as error:
        refuse_secrets(config, _base(startup_script=_SCRIPT.format(text)))
    assert "'startup-script' line " in str(error.value)
    assert value not in str(error.value)


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_harmless_text_in_a_startup_script_passes(text: str) -> None:
    """The secret scan reports no leak in harmless startup scripts."""
    assert leaks({"startup-script": _SCRIPT.format(text)}) == []


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"startup-script": _SCRIPT.format("OCR_API=hunter22")}, [Leak("startup-script", 3, "OCR_API")]),
        ({"startup-script": _SCRIPT.format("sshpass -p hunter")}, [Leak("startup-script", 3, "password of a command")]),
        ({"startup-script": _SCRIPT.format(BEGIN)}, [Leak("startup-script", 3, "private key")]),
        ({"db-password": "hunter22"}, [Leak("db-password", 1, "db-password")]),
        ({"ocr_api": "hunter22\n"}, [Leak("ocr_api", 1, "ocr_api")]),
        ({"config": '{"user": "x", "password": "hunter22"}'}, [Leak("config", 1, "password")]),
        ({"config": '{"api_token": "sm://dojangkok-dev/ocr-api"}'}, []),
        ({"db-password": "sm://dojangkok-dev/db"}, []),
        ({"ssh-keys": "alice:ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 alice\nbob:ssh-rsa AAAAB3NzaC1yc2E bob"}, []),
        ({"ssh-keys": "alice:ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 alice"}, []),
        ({"enable-oslogin": "TRUE", "block-project-ssh-keys": "true", "google-logging-enabled": "true"}, []),
        ({"windows-keys": '{"modulus": "wgsquN4IBNPqIUnu+h/5Za1kujb2YRhX1vCQVQAkBwn", "exponent": "AQAB"}'}, []),
    ],
)  # fmt: skip
def test_leak_is_named_by_entry_line_and_variable(metadata: dict[str, str], expected: list[Leak]) -> None:
    """A leak has the metadata entry, the line and the variable of the secret."""
    assert leaks(metadata) == expected


def test_refusal_names_every_leak_and_how_to_allow_a_false_one() -> None:
    """The refusal lists every leak and the setting that allows a false positive."""
    base = _base(startup_script="#!/bin/bash\nA=1\nOCR_API=hunter22\n", config="db_password: hunter22")
    with pytest.raises(RefusedError) as error:
        refuse_secrets(new_rig().config, base)
    assert str(error.value) == (
        "template 'seed': its metadata holds what looks like a secret: 'config' line 1 (db_password),"
        " 'startup-script' line 3 (OCR_API). Fix: keep it in Secret Manager, and let the instance fetch it; if it"
        " is no secret, set `allowed_secrets: {config: ['db_password']}` in the environment file."
    )


def test_secret_in_the_base_stops_a_deploy_before_anything_is_written() -> None:
    """A deploy from a base template with a secret is refused before the first write."""
    rig = new_rig()
    with pytest.raises(RefusedError, match=r"'ocr' line 1 \(OCR_API\)"):
        _planned(rig, rig.config, {"ocr": "OCR_API=hunter22"})
    assert rig.writes() == []


def test_allowed_secret_is_deployed_and_named_as_a_warning() -> None:
    """A deploy from a template with a secret in `allowed_secrets` is planned with a warning."""
    rig = new_rig()
    config = rig.config.model_copy(update={"allowed_secrets": {"ocr": ("OCR_API",)}})
    planned = _planned(rig, config, {"ocr": "OCR_API=hunter22"})
    assert isinstance(planned, DeployRelease)
    assert "'ocr' line 1 (OCR_API) looks like a secret; the environment file allows it" in planned.warnings


@pytest.mark.parametrize("allowed", [{"ocr": ("DB_PASSWORD",)}, {"startup-script": ("OCR_API",)}, {"ocr": ()}])
def test_name_that_is_not_allowed_in_its_entry_is_refused(allowed: dict[str, tuple[str, ...]]) -> None:
    """A secret is refused if `allowed_secrets` has only another name or another entry."""
    rig = new_rig()
    with pytest.raises(RefusedError, match=r"'ocr' line 1 \(OCR_API\)"):
        _planned(rig, rig.config.model_copy(update={"allowed_secrets": allowed}), {"ocr": "OCR_API=hunter22"})
