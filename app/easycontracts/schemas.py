"""Bodies of the easy contract routes."""

from typing import Annotated, Final

from pydantic import BaseModel, Field

MOST_FILES: Final = 5
REGISTRY: Final = "registry"

DocType = Annotated[str, Field(max_length=100)]


class ContractFile(BaseModel):
    """A file and its URL."""

    url: str = Field(
        max_length=8192, description="https URL of a public host, such as a presigned URL of an object store."
    )
    filename: str | None = Field(
        default=None,
        max_length=255,
        description="Needs a supported extension, here or in the URL; the bytes decide the format.",
    )
    doc_type: DocType = Field(description="Type, such as contract, registry or building_register.")


class EasyContractRequest(BaseModel):
    """The files of a lease; their number, one to five, is checked separately with its own error."""

    files: Annotated[list[ContractFile], Field(max_length=100)]
