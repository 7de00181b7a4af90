"""Bodies of the easy contract routes."""

from typing import Annotated, Final

from pydantic import BaseModel, Field

MOST_FILES: Final = 5
REGISTRY: Final = "registry"


class ContractFile(BaseModel):
    """A file and its URL."""

    url: str = Field(
        max_length=4096, description="https URL of a public host, such as a presigned URL of an object store."
    )
    filename: str | None = Field(default=None, max_length=255, description="Its extension decides the format.")
    doc_type: str = Field(max_length=100, description="Type, such as contract, registry or building_register.")


class EasyContractRequest(BaseModel):
    """The files of a lease; their number, one to five, is checked separately with its own error."""

    files: Annotated[list[ContractFile], Field(max_length=100)]
