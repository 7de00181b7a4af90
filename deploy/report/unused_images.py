"""The images that nothing refers to, as text, JSON or Markdown: pure."""

from dataclasses import asdict, dataclass
from datetime import UTC

from deploy.config import Config
from deploy.release.stored_image import UnusedImage, UnusedImages
from deploy.report import table
from deploy.report.formats import Format
from deploy.report.lines import wrapped
from deploy.report.release_names import short_digest
from lib.output import as_json, inline
from lib.output import markdown as escaped

_HEAD = ("uploaded", "size", "digest", "tags")


@dataclass(frozen=True, kw_only=True)
class ImageListing:
    """
    The images of a repository, compared with what refers to them.

    Args:
        repository: host and path of the images.
        projects: projects that were read.
        unused: the images that nothing refers to.
        unsearched: places whose text could not be searched.
        has_upload_times: whether the registry lists upload times, and images without a tag.
    """

    repository: str
    projects: tuple[str, ...]
    unused: UnusedImages
    unsearched: tuple[str, ...]
    has_upload_times: bool


def unused_images_report(config: Config, listing: ImageListing, format_: Format, *, is_long: bool = False) -> str:
    """
    Return the images of a listing with their sizes, the oldest upload first.

    Args:
        config: endpoints of the environment.
        listing: the images.
        format_: format of the report.
        is_long: whether the text has whole digests; the other formats always do.
    """
    if format_ == "json":
        return as_json(_document(config, listing))
    is_text = format_ == "text"
    render, line = (table.text, inline) if is_text else (table.markdown, escaped)
    unused, projects = listing.unused, ", ".join(listing.projects)
    count = len(unused.images)
    images = "1 image is" if count == 1 else f"{count} images are"
    sums = f"{images} unused, {unused.kept} in use (projects {projects})"
    repository = line(f"{listing.repository}:")
    lines = [repository, *wrapped(sums, "  ", "    ")] if is_text else [f"{repository} {escaped(sums)}"]
    if count:
        rows = [
            _cells(image, short_digest(image.digest) if is_text and not is_long else image.digest)
            for image in unused.images
        ]
        sizes = f"sum {_size(unused.size_bytes)}; deleting them frees at most {_size(unused.freed_bytes)}"
        lines += ["", *render(_HEAD, rows), "", line(sizes)]
    if not listing.has_upload_times:
        lines += ["", line("not listed: images without a tag, which this registry does not list")]
    if listing.unsearched:
        lines += ["", line("not searched, so that an image that is named there may be in the list:")]
        lines += [f"- {line(place)}" for place in listing.unsearched]
    return "\n".join(lines)


def _cells(image: UnusedImage, digest: str) -> tuple[str, ...]:
    uploaded = f"{image.uploaded_at.astimezone(UTC):%Y-%m-%d %H:%M}" if image.uploaded_at else "-"
    return uploaded, _size(image.size_bytes), digest, ", ".join(image.tags) or "-"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB"


def _document(config: Config, listing: ImageListing) -> dict[str, object]:
    unused = listing.unused
    return {
        "repository": listing.repository,
        "projects": listing.projects,
        "images": [
            asdict(image) | {"uploaded_at": image.uploaded_at.isoformat() if image.uploaded_at else None}
            for image in unused.images
        ],
        "size_bytes": unused.size_bytes,
        "freed_bytes": unused.freed_bytes,
        "kept": unused.kept,
        "unsearched": listing.unsearched,
        "endpoints": list(map(asdict, config.endpoint_overrides)),
    }
