"""Links of resources, in the one form in which they are compared."""

import pytest

from deploy.documents.resource import link_of, links_of, name_of, project_of


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("projects/p/zones/z/instances/vm", "vm"),
        ("https://compute/v1/projects/p/zones/z/", "z"),
        ("vm", "vm"),
        ("templates/XX", "XX"),
        ("/", ""),
        ("templates/t?uniqueId=1?2", "t"),
        ("a b/t c?uniqueId=1", "t c"),
        ("", ""),
    ],
)
def test_name_is_the_last_segment_of_a_link(link: str, name: str) -> None:
    """A closing slash and everything from the first question mark on are no part of a name."""
    assert name_of(link) == name


@pytest.mark.parametrize(
    ("reference", "project", "link"),
    [
        ("https://compute/v1/projects/p/global/instanceTemplates/t", "", "projects/p/global/instanceTemplates/t"),
        ("/projects/p/global/instanceTemplates/t/", "q", "projects/p/global/instanceTemplates/t"),
        ("projects/p/global/instanceTemplates/t?uniqueId=1?2", "", "projects/p/global/instanceTemplates/t"),
        ("global/instanceTemplates/t", "p", "projects/p/global/instanceTemplates/t"),
        ("regions/r/instanceTemplates/t", "p", "projects/p/regions/r/instanceTemplates/t"),
        ("zones/z/instances/vm", "p", "projects/p/zones/z/instances/vm"),
        ("global/instanceTemplates/t", "", "global/instanceTemplates/t"),
        ("t", "p", "t"),
        ("t", "", "t"),
        ("my-global/t", "p", "my-global/t"),
    ],
)
def test_link_has_one_form(reference: str, project: str, link: str) -> None:
    """A host, a version of the API and an id are dropped; only a reference that begins with a scope gets a project."""
    assert link_of(reference, project) == link


@pytest.mark.parametrize(
    ("link", "project"),
    [("https://compute/v1/projects/p/zones/z", "p"), ("projects/p/zones/z", "p"), ("zones/z", ""), ("", "")],
)
def test_project_is_read_from_a_link(link: str, project: str) -> None:
    """A link without a project has none."""
    assert project_of(link) == project


@pytest.mark.parametrize(
    ("document", "links"),
    [
        (
            {"selfLink": "https://compute/v1/projects/p/global/instanceTemplates/t", "id": "7"},
            ("projects/p/global/instanceTemplates/t", "projects/p/global/instanceTemplates/7"),
        ),
        ({}, ("", "/")),
    ],
)
def test_resource_has_a_link_by_name_and_a_link_by_id(document: dict[str, str], links: tuple[str, str]) -> None:
    """Compute Engine refers to a template by either; a document without both has empty ones."""
    assert links_of(document) == links
