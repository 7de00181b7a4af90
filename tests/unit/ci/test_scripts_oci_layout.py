"""scripts/oci_layout.py: what is pushed depends on the image alone, and not on the moment of its build."""

import json
import tarfile
from pathlib import Path

import pytest

from ci.scripts import oci_layout


def test_manifest_is_read_from_the_layout(tmp_path: Path) -> None:
    """The size is the sum of configuration and layers."""
    (tmp_path / "index.json").write_text(json.dumps({"manifests": [{"digest": "sha256:12"}]}))
    (tmp_path / "blobs" / "sha256").mkdir(parents=True)
    manifest = {"config": {"size": 3}, "layers": [{"size": 40}, {"size": 500}]}
    (tmp_path / "blobs" / "sha256" / "12").write_text(json.dumps(manifest))
    assert oci_layout.read_manifest(tmp_path) == ("sha256:12", 543)


def layout_of(folder: Path, created: str, history: list[dict[str, str]]) -> Path:
    """An OCI layout of one layer, as an engine writes it at some moment."""
    (folder / "blobs" / "sha256").mkdir(parents=True)
    root = {"diff_ids": ["x"]}
    config: dict[str, object] = {
        "created": created, "history": history, "config": {"User": "appuser"}, "rootfs": root,
    }  # fmt: skip
    stored = oci_layout.store(folder, config)
    manifest = oci_layout.store(
        folder, {"config": {"mediaType": "c", **stored}, "layers": [{"digest": "l", "size": 5}]}
    )
    (folder / "index.json").write_text(json.dumps({"manifests": [{"mediaType": "m", "annotations": {}, **manifest}]}))
    return folder


def test_dates_of_a_build_are_removed(tmp_path: Path) -> None:
    """Two builds of equal sources give an equal digest."""
    first = layout_of(tmp_path / "one", "2026-11-23T11:23:57Z", [{"created_by": "pulled"}])
    second = layout_of(tmp_path / "two", "2026-11-23T11:25:38Z", [{"created_by": "COPY"}, {"created_by": "RUN"}])
    assert oci_layout.read_manifest(first)[0] != oci_layout.read_manifest(second)[0]
    for folder in (first, second):
        oci_layout.reconfigure(folder, oci_layout.remove_build_dates)
    assert oci_layout.read_manifest(first) == oci_layout.read_manifest(second)
    digest = oci_layout.read_manifest(first)[0]
    manifest = json.loads((first / "blobs" / digest.replace(":", "/")).read_text())
    assert manifest["layers"] == [{"digest": "l", "size": 5}]
    config = json.loads((first / "blobs" / manifest["config"]["digest"].replace(":", "/")).read_text())
    assert config["config"] == {"User": "appuser"}
    assert (config["created"], "history" in config) == ("1980-01-01T00:00:00Z", False)


def test_first_image_has_a_digest_that_no_release_has(tmp_path: Path) -> None:
    """The first template of a local environment refers to it."""
    layout = layout_of(tmp_path / "one", "2026-11-23T11:23:57Z", [])
    oci_layout.reconfigure(layout, oci_layout.remove_build_dates)
    release, size_bytes = oci_layout.read_manifest(layout)
    oci_layout.reconfigure(layout, oci_layout.label_first)
    digest, first_bytes = oci_layout.read_manifest(layout)
    assert digest != release
    assert size_bytes < first_bytes < size_bytes + 100


def test_an_archive_becomes_the_layouts_of_the_image_and_of_its_bill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The digest that is printed is the digest that is pushed."""
    archive, materials = tmp_path / "image.tar", tmp_path / "materials"
    with tarfile.open(archive, "w") as tar:
        tar.add(layout_of(tmp_path / "image", "2026-11-23T11:23:57Z", []), ".")
    materials.mkdir()
    (materials / "python.json").write_text('{"specVersion": "1.5", "components": []}')
    (materials / "python.txt").write_text("Python 3.10.0")
    (materials / "debian.tsv").write_text("libc6\t2.36\tamd64\n")
    for name, path in {
        "_ARCHIVE": archive, "_MATERIALS": materials, "IMAGE": tmp_path / "out/image", "BILL": tmp_path / "out/bill",
    }.items():  # fmt: skip
        monkeypatch.setattr(oci_layout, name, path)
    oci_layout.main("host/app")
    digest = json.loads(capsys.readouterr().out)["digest"]
    assert oci_layout.read_manifest(tmp_path / "out/image")[0] == digest
    bill = oci_layout.descriptor_of(tmp_path / "out/bill")
    manifest = json.loads((tmp_path / "out/bill/blobs" / bill["digest"].replace(":", "/")).read_text())
    assert manifest["subject"]["digest"] == digest


@pytest.mark.parametrize(
    ("file", "text", "names"),
    [
        ("packages.json", '{"components": [{"name": "fastapi"}]}', ["cpython", "fastapi", "libc6"]),
        ("requirements.txt", "flask==3.1.3", ["cpython", "flask", "libc6"]),
        ("none", "", ["cpython", "libc6"]),
    ],
)
def test_bill_has_what_the_source_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str, names: list[str]
) -> None:
    """The packages come from a uv.lock, from requirements, or from neither."""
    materials = {"python.txt": "Python 3.13.1", "debian.tsv": "libc6\t2.36\tamd64\n", file: text}
    for name, content in materials.items():
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(oci_layout, "_MATERIALS", tmp_path)
    image = {"mediaType": "m", "digest": "sha256:12", "size": 3}
    oci_layout.write_bill(tmp_path / "bill", "host/app", image)
    blobs = [json.loads(blob.read_text()) for blob in (tmp_path / "bill/blobs/sha256").iterdir()]
    [bill] = [blob for blob in blobs if "bomFormat" in blob]
    assert [component["name"] for component in bill["components"]] == names
