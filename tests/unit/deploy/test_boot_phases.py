"""Phases of a boot in guest attributes: which values count, and what of their text is shown."""

from typing import Any

import pytest

from deploy.group.boot_phases import enables_guest_attributes, parse_boot
from deploy.release.boot_times import NO_BOOT, BootTimes, slowest
from deploy.release.record import ReleaseRecord, parse_record
from tests.unit.deploy.values import REPOSITORY, digest

BOOT, EARLIER = "6f1b2c3d-0000-4000-8000-00000000000a", "6f1b2c3d-0000-4000-8000-00000000000b"
BEGUN = ("booted", f"{BOOT} 12.30")


def items(*values: tuple[str, object], namespace: str = "release") -> list[dict[str, Any]]:
    """Return the items of a namespace."""
    return [{"namespace": namespace, "key": key, "value": value} for key, value in values]


def test_every_phase_has_its_seconds() -> None:
    """A value is the id of the boot and the seconds since the VM has started."""
    times = {"booted": 12.3, "login": 14.0, "secrets": 13.5, "pulled": 40.0, "started": 43.25}
    boot = parse_boot(items(*((key, f"{BOOT} {at_s}") for key, at_s in times.items())))
    assert boot is not None
    assert (boot.id, boot.failure) == (BOOT, "")
    assert dict(boot.times.reached()) == times


def test_values_of_an_earlier_boot_are_ignored() -> None:
    """The first phase of a boot says which boot is present, and a failure of another boot does not count."""
    boot = parse_boot(items(BEGUN, ("pulled", f"{EARLIER} 40"), ("failed", f"{EARLIER} 41 manifest unknown")))
    assert boot is not None
    assert (dict(boot.times.reached()), boot.failure) == ({"booted": 12.3}, "")
    assert parse_boot(items(BEGUN, ("pulled", f"{BOOT} 40")), ended={BOOT}) is None


@pytest.mark.parametrize(
    "written",
    [
        None, "x", {}, [], [None, 1, "x", {}], items(("started", f"{BOOT} 3")), items(("booted", "now")),
        items(("booted", f"{BOOT}")), items(("booted", f"{BOOT} -1")), items(("booted", f"{BOOT} 1e9")),
        items(("booted", f"{BOOT} 99999")), items(("booted", f"{BOOT} ١٢")), items(("booted", 12)),
        items(("booted", f"{BOOT} 300.1"), ("started", f"{BOOT} 312")),
        items(BEGUN, namespace="hostkeys"), items(("other", f"{BOOT} 3")),
    ],
)  # fmt: skip
def test_any_other_value_is_ignored(written: object) -> None:
    """Any process of an instance can write its guest attributes, and a proxy may answer anything."""
    assert parse_boot(written) is None


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("manifest unknown", "manifest unknown"),
        ("", "no reason was written"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07", "red ␛]0;title␇"),
        ("one\ntwo\r\n", "one␊two"),
        ("a\u202eb", "a\\u202eb"),
        ("token ghp_" + "a1B2" * 9, "token …"),
        ("x" * 9_000, "x" * 300),
    ],
)
def test_reason_is_one_bounded_line_without_secrets(reason: str, shown: str) -> None:
    """Control sequences are made visible, secrets are removed, and a reason has at most 300 characters."""
    boot = parse_boot(items(BEGUN, ("failed", f"{BOOT} 50 {reason}")))
    assert boot is not None
    assert boot.failure == shown


@pytest.mark.parametrize(
    ("reason", "is_permanent"),
    [
        ("Error response from daemon: manifest for r/app@sha256:0 not found: manifest unknown", True),
        ("denied: Permission \"artifactregistry.repositories.downloadArtifacts\" denied on resource", True),
        ("the startup script ended with exit code 124", False),
        ("ERROR: gcloud crashed (ConnectionError): ('Connection aborted.', RemoteDisconnected())", False),
        ("ERROR: (gcloud.secrets.versions.access) UNAVAILABLE: The service is currently unavailable.", False),
        ("net/http: request canceled while waiting for connection", False),
        ("error pulling image configuration: context canceled", False),
        ("Temporary failure resolving 'registry.example'", False),
        ("manifest unknown: connection reset by peer", False),
        ("Error response from daemon: unauthorized: authentication required", False),
        ("Error response from daemon: Get https://r/v2/: net/http: TLS handshake timed out", False),
        ("curl: (7) Failed to connect to metadata.google.internal", False),
    ],
)  # fmt: skip
def test_only_a_known_error_is_permanent(reason: str, is_permanent: bool) -> None:
    """The words are those of serial output; any other error may pass, and waits for a second instance."""
    boot = parse_boot(items(BEGUN, ("failed", f"{BOOT} 50 {reason}")))
    assert boot is not None
    assert boot.is_permanent is is_permanent


@pytest.mark.parametrize(("value", "expected"), [("TRUE", True), ("true", True), ("FALSE", False), ("1", False)])
def test_template_enables_guest_attributes_by_its_metadata(value: str, expected: bool) -> None:
    """The key of the template counts, in any case of letters."""
    entries = [{"key": "enable-guest-attributes", "value": value}]
    assert enables_guest_attributes({"properties": {"metadata": {"items": entries}}}) is expected
    assert enables_guest_attributes({}) is False


def test_slowest_boot_has_the_latest_time_of_each_phase() -> None:
    """Phases of several instances are judged by the slowest of them."""
    assert slowest(
        [BootTimes(booted_s=9, started_s=30), NO_BOOT, BootTimes(booted_s=8, pulled_s=20, started_s=31)]
    ) == BootTimes(booted_s=9, pulled_s=20, started_s=31)


def release(boot: BootTimes) -> ReleaseRecord:
    """Return a record of the phases of a boot."""
    base = "projects/p/global/instanceTemplates/web"
    return ReleaseRecord(REPOSITORY, digest("a"), base, "1", "zone/group", boot=boot)


def test_record_keeps_the_phases() -> None:
    """A record without phases has no such member, so that earlier versions of deploy read it."""
    kept = release(BootTimes(booted_s=9, started_s=31))
    assert parse_record(kept.dump()) == kept
    assert '"boot"' not in release(NO_BOOT).dump()


@pytest.mark.parametrize(
    "boot", ['{"started_s": -1}', '{"started_s": 1e9}', '{"started_s": "9"}', '{"started": 1}', "null", "[]"]
)
def test_record_with_other_phases_is_no_record(boot: str) -> None:
    """A template with such a record is an unmanaged template."""
    text = release(BootTimes(started_s=31)).dump()
    begin = text.index('"boot":') + len('"boot":')
    assert parse_record(f"{text[:begin]}{boot}{text[text.index('}', begin) + 1 :]}") is None
