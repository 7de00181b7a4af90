"""The verb `prune`: deletes old templates, or lists the images that nothing refers to."""

from typing import Annotated

import typer

from deploy.call import Call
from deploy.errors import RefusedError
from deploy.image_listing import list_unused_images
from deploy.image_projects import image_projects
from deploy.report.formats import prune_report
from deploy.report.unused_images import unused_images_report
from deploy.rollout.pruning import prune_templates
from lib.streams import write_error

Images = Annotated[
    bool, typer.Option("--images", help="with --dry-run: list the images that nothing refers to; delete no template")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="with --images: deploy deletes no image, it lists them")]


def prune(call: Call, images: Images = False, dry_run: DryRun = False) -> None:
    """Delete the oldest templates of this group's history that no group needs, at most 20; or list unused images."""
    if images and not dry_run:
        raise RefusedError(
            "prune: --images: deploy deletes no image, because only the registry refuses one that another image needs.",
            "add --dry-run for the list, and delete images in the registry",
        )
    if dry_run and not images:
        raise RefusedError(
            "prune: --dry-run: lists images alone, and --images is missing.",
            "add --images, or run `prune` without --dry-run to delete old templates",
        )
    if images:
        _list_images(call)
    else:
        _prune_templates(call)


def _list_images(call: Call) -> None:
    config, options = call.read_config(), call.invocation.options
    projects = image_projects(options.env, config, options.settings)
    listing = list_unused_images(call.open_session(config), config, projects)
    report = unused_images_report(config, listing, options.format, is_long=options.long)
    call.print_report(config, report)


def _prune_templates(call: Call) -> None:
    config = call.read_config()
    session = call.open_session(config)
    pruned = prune_templates(session.managed, config)
    if pruned.error:
        for name in pruned.templates:
            write_error(f"pruned {name}")
        raise pruned.error
    invocation = call.invocation
    report = prune_report(pruned, invocation.command, invocation.options.format, config.endpoint_overrides)
    call.print_report(config, report)
