"""The settings of an analysis, and the errors of wrong ones."""

from pathlib import Path

import pytest

from deploy.environment_file import read_config
from deploy.errors import ConfigError

_HEAD = Path("environments/dev.yaml").read_text().partition("rollout:")[0]
_CHECK = "name: errors, query: 'e{instance=~\"$instances\"}'"


def _write(folder: Path, analysis: str) -> None:
    (folder / "x.yaml").write_text(f"{_HEAD}rollout: {{analysis: {analysis}}}\n")


def _with_check(check: str) -> str:
    return f"{{prometheus: 'http://prometheus:9090', checks: [{{{check}}}]}}"


@pytest.mark.parametrize(
    "url",
    [
        "https://monitoring.googleapis.com/v1/projects/dojangkok-dev/location/global/prometheus",
        "https://prometheus.example.com:8443/prefix/",
        "http://127.0.0.1:9090",
        "http://localhost",
        "http://prometheus:9090",
    ],
)
def test_settings_are_read(url: str, tmp_path: Path) -> None:
    """A server is https, or http on loopback or a local service; a slash at the end of its URL is removed."""
    _write(tmp_path, f"{{prometheus: '{url}', checks: [{{{_CHECK}, at_most: 1}}]}}")
    analysis = read_config("x", {}, tmp_path).rollout.analysis
    assert analysis is not None
    assert analysis.prometheus == url.rstrip("/")
    assert [(check.name, check.at_most, check.factor) for check in analysis.checks] == [("errors", 1.0, None)]


@pytest.mark.parametrize(
    "url",
    [
        "http://prometheus.example.com",
        "http://10.0.0.1:9090",
        "http://169.254.169.254/computeMetadata",
        "https://user:word@prometheus.example.com",
        "https://evil.example.com\\\\@monitoring.googleapis.com",
        "https://prometheus.example.com/?query=up",
        "https://prometheus.example.com/#fragment",
        "ftp://prometheus",
        "prometheus:9090",
        "https://PROMETHEUS.example.com",
        "",
    ],
)
def test_wrong_url_is_refused_without_its_text(url: str, tmp_path: Path) -> None:
    """The error names the key, and no part of the URL, in which a password may stand."""
    _write(tmp_path, f'{{prometheus: "{url}", checks: [{{{_CHECK}, at_most: 1}}]}}')
    with pytest.raises(ConfigError, match=r"rollout\.analysis\.prometheus: the URL ") as caught:
        read_config("x", {}, tmp_path)
    assert not url or url not in str(caught.value)


@pytest.mark.parametrize(
    ("analysis", "text"),
    [
        ("3", "rollout.analysis: got '3': Input should be a valid dictionary"),
        ("{}", "rollout.analysis.prometheus, rollout.analysis.checks: missing. Fix: add each, such as 'prometheus: "),
        (_with_check("at_most: 1"), "checks.0.name, rollout.analysis.checks.0.query: missing. Fix: add each, such as"),
        (_with_check(f"{_CHECK}, at_mst: 1"), "checks.0.at_mst: unknown key. Fix: did you mean 'at_most'."),
        (_with_check("name: a, query: up, at_most: 1"), "checks.0.query: has no $instances, so it would read"),
        (_with_check(_CHECK), "checks.0: has no limit: set at_most, or compared_with: previous with factor."),
        (_with_check(f"{_CHECK}, compared_with: previous"), "checks.0: compared_with needs factor, by which"),
        (_with_check(f"{_CHECK}, factor: 2"), "checks.0: factor needs compared_with: previous."),
        (
            _with_check(f"{_CHECK}, compared_with: new, factor: 2"),
            "compared_with: got 'new': Input should be 'previous'",
        ),
        (_with_check(f"{_CHECK}, compared_with: previous, factor: 0"), "checks.0.factor: got '0': Input should be gre"),
        (_with_check(f"{_CHECK}, at_most: .inf"), "checks.0.at_most: got 'inf': Input should be a finite number."),
        (_with_check(f"{_CHECK}, at_most: '1'"), "checks.0.at_most: got '1': Input should be a valid number."),
        (_with_check("name: A b, query: $instances, at_most: 1"), "checks.0.name: got 'A b': String should match"),
        (
            "{prometheus: 'http://p', checks: []}",
            "rollout.analysis.checks: got '[]': Tuple should have at least 1 item",
        ),
        (
            f"{{prometheus: 'http://p', checks: [{{{_CHECK}, at_most: 1}}, {{{_CHECK}, at_most: 2}}]}}",
            "rollout.analysis.checks: has the name 'errors' twice: give each check a name of its own.",
        ),
    ],
)
def test_error_names_the_key(analysis: str, text: str, tmp_path: Path) -> None:
    """A wrong key or value is refused with its path."""
    _write(tmp_path, analysis)
    with pytest.raises(ConfigError) as caught:
        read_config("x", {}, tmp_path)
    assert text in str(caught.value)
