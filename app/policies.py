"""Limits and waits of the parts of the server that tests shorten; the defaults are those of production."""

from dataclasses import dataclass, field

from app.body_limits import BodyPolicy
from app.clients.downloads import DownloadPolicy
from app.clients.ocr import OcrPolicy
from app.clients.outbound import OutboundPolicy
from app.connections import ConnectionPolicy
from app.easycontracts.pages import RenderPolicy
from app.easycontracts.service import PromptPolicy
from app.jobs import JobPolicy
from app.lag import LagPolicy


@dataclass(frozen=True)
class Policies:
    """A policy for each part of the server that has one."""

    connections: ConnectionPolicy = field(default_factory=ConnectionPolicy)
    lag: LagPolicy = field(default_factory=LagPolicy)
    bodies: BodyPolicy = field(default_factory=BodyPolicy)
    jobs: JobPolicy = field(default_factory=JobPolicy)
    outbound: OutboundPolicy = field(default_factory=OutboundPolicy)
    ocr: OcrPolicy = field(default_factory=OcrPolicy)
    downloads: DownloadPolicy = field(default_factory=DownloadPolicy)
    rendering: RenderPolicy = field(default_factory=RenderPolicy)
    prompts: PromptPolicy = field(default_factory=PromptPolicy)
