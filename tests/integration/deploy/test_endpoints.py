"""Endpoints that override the environment file, and their place in reports."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.config import Config
from deploy.endpoints import EndpointOverride
from deploy.environment_file import read_config
from deploy.report import formats, preview, releases, status
from deploy.report.formats import with_endpoint_lines
from deploy.report.rebuilt_result import rebuilt_result
from deploy.rollout.deploy_plan import plan_deploy
from deploy.rollout.result import PruneResult
from tests.integration.deploy.rig import new_rig
from tests.unit.deploy.run_results import SUCCESS, command

GOOGLE, EMULATOR = "https://compute.googleapis.com/compute/v1", "http://127.0.0.1:8080/compute/v1"
FOREIGN = EndpointOverride("compute_url", EMULATOR, GOOGLE, "environments/dev.yaml")
LINE = (
    f"endpoint: compute_url is '{EMULATOR}', set by --compute-url or COMPUTE_URL; environments/dev.yaml has '{GOOGLE}'"
)


def read(folder: Path, more: str, **overrides: str) -> Config:
    text = Path("environments/dev.yaml").read_text().partition("rollout:")[0]
    kept = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("registry_url:"))
    (folder / "x.yaml").write_text(kept + more)
    return read_config("x", overrides, folder)


@pytest.mark.parametrize(
    ("more", "overrides", "keys"),
    [
        ("", {}, []),
        ("", {"compute_url": EMULATOR}, ["compute_url"]),
        ("", {"compute_url": GOOGLE}, []),
        ("", {"compute_url": f"{GOOGLE}/"}, []),
        (f"compute_url: {EMULATOR}", {}, []),
        (f"compute_url: {EMULATOR}", {"compute_url": EMULATOR}, []),
        (f"compute_url: {EMULATOR}", {"compute_url": GOOGLE}, ["compute_url"]),
        ("", {"registry_url": "http://127.0.0.1:5000"}, ["registry_url"]),
        ("", {"registry_url": "https://asia-northeast3-docker.pkg.dev"}, []),
        ("registry_url: http://registry:5000", {"registry_url": "http://registry:5000/"}, []),
        ("", {"repository": "registry:5000/app"}, []),
        ("", {"compute_url": EMULATOR, "registry_url": "http://127.0.0.1:5000"}, ["compute_url", "registry_url"]),
    ],
)
def test_endpoint_that_differs_from_the_file_is_found(
    tmp_path: Path, more: str, overrides: dict[str, str], keys: list[str]
) -> None:
    """An endpoint is an override only if its URL differs from the URL of the environment file."""
    config = read(tmp_path, more, **overrides)
    assert [endpoint.key for endpoint in config.endpoint_overrides] == keys
    assert config.with_timeout(60).endpoint_overrides == config.endpoint_overrides


def test_text_and_markdown_begin_with_the_endpoint() -> None:
    """Reports as text and as Markdown begin with the overridden endpoints."""
    assert str(FOREIGN) == LINE
    first, *others = with_endpoint_lines([FOREIGN], "report", "text").splitlines()
    assert (" ".join([first, *map(str.strip, others)]), others[-1]) == (f"{LINE} report", "report")
    assert max(map(len, (first, *others))) <= 80
    assert with_endpoint_lines([FOREIGN], "### report", "markdown") == f"**{LINE}**\n\n### report"
    assert with_endpoint_lines([FOREIGN], "{}", "json") == "{}"
    assert with_endpoint_lines([], "report", "markdown") == "report"
    outcome = replace(SUCCESS, endpoints=(FOREIGN,))
    heading = "✓ p aaaaaaa (cafe123) serves web · 1/1 · 62 s"
    assert f"\n{heading}\n" in formats.run_report(outcome, command, "text")
    markdown = formats.run_report(outcome, command, "markdown")
    assert markdown.splitlines()[:3] == [f"**{LINE}**", "", f"### {heading}"]


def test_every_json_has_the_endpoints(tmp_path: Path) -> None:
    """Every JSON report contains the overridden endpoints."""
    rig = new_rig()
    rig.deploy("a")
    rig.config = read(tmp_path, "", compute_url=EMULATOR)
    now, observed = rig.now(), rig.observed()
    shown = [
        formats.run_report(rebuilt_result(rig.config, "dev", observed, now), command, "json"),
        preview.preview_report(
            preview.preview(rig.config, observed, plan_deploy(rig.config, rig.request("b"), observed)), "json"
        ),
        status.status_report(status.status(rig.config, observed, now), "json"),
        formats.prune_report(PruneResult(), command, "json", rig.config.endpoint_overrides),
    ]
    documents = [
        *map(json.loads, shown),
        *json.loads(releases.releases_report(releases.release_rows(rig.config, observed, now), "json")),
    ]
    assert len(documents) == 5
    expected = {"key": "compute_url", "url": EMULATOR, "file_url": GOOGLE, "file": str(tmp_path / "x.yaml")}
    assert [document["endpoints"] for document in documents] == [[expected]] * 5
