"""What the easy contract routes take."""

from typing import Annotated, Final

from pydantic import BaseModel, Field

MOST_FILES: Final = 5
REGISTRY: Final = "registry"


class ContractFile(BaseModel):
    """A file, and where it lies."""

    url: str = Field(
        max_length=4096, description="https, of a public host; such as a presigned one of an object store."
    )
    filename: str | None = Field(default=None, max_length=255, description="Its ending says what it is.")
    doc_type: str = Field(max_length=100, description="Such as contract, registry, building_register.")


class EasyContractRequest(BaseModel):
    """The files of a lease: one to five, which is checked apart, with an error of its own."""

    files: Annotated[list[ContractFile], Field(max_length=100)]
