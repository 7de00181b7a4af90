"""All limits and waits of the server; the defaults are those of production, and tests inject shorter ones."""

from dataclasses import dataclass, field

from app.clients.ocr import OcrPolicy
from app.clients.outbound import OutboundPolicy
from app.easycontracts.service import PromptPolicy
from app.limits import BodyPolicy


@dataclass(frozen=True)
class Policies:
    """A policy for each part of the server that has one."""

    bodies: BodyPolicy = field(default_factory=BodyPolicy)
    outbound: OutboundPolicy = field(default_factory=OutboundPolicy)
    ocr: OcrPolicy = field(default_factory=OcrPolicy)
    prompts: PromptPolicy = field(default_factory=PromptPolicy)
