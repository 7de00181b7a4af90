"""Which Prometheus server gets which login."""

from pathlib import Path

import pytest

from deploy.analysis_settings import AnalysisSettings, CheckSettings
from deploy.errors import NotAllowedError
from deploy.prometheus.login import server_headers

_GOOGLE = "https://monitoring.googleapis.com/v1/projects/other-project/location/global/prometheus"
_CHECK = CheckSettings(name="errors", query="$instances", at_most=1)


def _headers(url: str, token_file: Path | None = None) -> dict[str, str]:
    analysis = AnalysisSettings(prometheus=url, checks=(_CHECK,))
    return server_headers(analysis, lambda: {"authorization": "Bearer google"}, token_file)()


@pytest.mark.parametrize(
    "url",
    [
        "https://prometheus.example.com",
        "https://monitoring.googleapis.com.evil.example",
        "https://evil.example/monitoring.googleapis.com/",
        "https://monitoring.googleapis.com:8443/v1",
        "https://evil-monitoring.googleapis.com",
        "http://127.0.0.1:9090",
    ],
)
def test_google_token_goes_to_google_alone(url: str, tmp_path: Path) -> None:
    """Another server gets the token of the file, or no login."""
    (tmp_path / "token").write_text("own-token\n")
    assert _headers(url) == {}
    assert _headers(url, tmp_path / "token") == {"authorization": "Bearer own-token"}


def test_google_gets_no_token_of_a_file(tmp_path: Path) -> None:
    """Google Managed Prometheus gets the Google token, also where a file is given for another environment."""
    assert _headers(_GOOGLE, tmp_path / "absent") == {"authorization": "Bearer google"}
    assert AnalysisSettings(prometheus=_GOOGLE, checks=(_CHECK,)).google_project == "other-project"
    assert AnalysisSettings(prometheus="https://x.example/v1/projects/p/x", checks=(_CHECK,)).google_project == ""


@pytest.mark.parametrize("content", [b"", b" \n", b"two words", b"t\xc3\xb6ken", b"a\nb", b"x" * 70_000, b"\x00"])
def test_file_without_a_token_is_refused(content: bytes, tmp_path: Path) -> None:
    """The file has one token; no part of another content is printed."""
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(
        NotAllowedError, match="--prometheus-token: the file has no token of printable characters alone"
    ):
        _headers("https://prometheus.example.com", tmp_path / "token")


@pytest.mark.parametrize("path", ["s3cret-token", "s3cret" * 1_000, "s3cret\x00"])
def test_token_in_place_of_its_file_is_not_printed(path: str) -> None:
    """A person may take the option for the token itself: the error has no part of it."""
    with pytest.raises(NotAllowedError, match="--prometheus-token: the file can't be read: ") as caught:
        _headers("https://prometheus.example.com", Path(path))
    assert "s3cret" not in str(caught.value)
    assert "PROMETHEUS_TOKEN_FILE" in caught.value.fix
