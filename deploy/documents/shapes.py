"""The members of Compute Engine's documents that are read, with their types; source: the Compute Engine API, v1."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

_Text = Annotated[str, Field(min_length=1)]


class Shape(BaseModel):
    """Members that are read; others are left alone, and none may be null."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore")


class VersionEntry(Shape):
    """An entry of `versions`, or what an instance's row says of its version."""

    instance_template: str = ""
    name: str = ""


class VersionTarget(Shape):
    """Whether every instance that stays has the target version."""

    is_reached: bool = False


class Status(Shape):
    """State of a group."""

    is_stable: bool = False
    version_target: VersionTarget = VersionTarget()
    stateful: dict[str, Any] = {}


class HealingPolicy(Shape):
    """One autohealing policy."""

    health_check: str = ""
    initial_delay_sec: int = 0


class InstanceCount(Shape):
    """A number of instances, or a share of them."""

    fixed: int | None = None
    percent: int | None = None


class UpdatePolicy(Shape):
    """How a group replaces its instances."""

    type: str = ""
    minimal_action: str = ""
    most_disruptive_allowed_action: str = ""
    replacement_method: str = ""
    max_surge: InstanceCount = InstanceCount()
    max_unavailable: InstanceCount = InstanceCount()


class Properties(Shape):
    """Properties that a group gives to all of its instances."""

    metadata: dict[str, str] = {}


class AllInstancesConfig(Shape):
    """What masks a template's properties."""

    properties: Properties = Properties()


class Group(Shape):
    """A managed instance group."""

    name: _Text
    fingerprint: _Text
    self_link: str = ""
    zone: str = ""
    region: str = ""
    target_size: int = 0
    instance_template: str = ""
    versions: Annotated[list[VersionEntry], Field(min_length=1)] = [VersionEntry()]
    status: Status = Status()
    update_policy: UpdatePolicy = UpdatePolicy()
    auto_healing_policies: list[HealingPolicy] = []
    all_instances_config: AllInstancesConfig = AllInstancesConfig()
    instance_lifecycle_policy: dict[str, Any] = {}
    stateful_policy: dict[str, Any] = {}


class InstanceHealth(Shape):
    """Health of an instance by one check."""

    detailed_health_state: str = ""
    health_check: str = ""


class Error(Shape):
    """One error or warning."""

    code: str = ""
    message: str = ""


class Errors(Shape):
    """A list of errors."""

    errors: list[Error] = []


class LastAttempt(Shape):
    """The last attempt to make or change an instance."""

    errors: Errors = Errors()


class Instance(Shape):
    """A row of `listManagedInstances`."""

    name: str = ""
    instance: str = ""
    version: VersionEntry = VersionEntry()
    instance_status: str = ""
    current_action: str = ""
    target_status: str = ""
    instance_health: list[InstanceHealth] = []
    last_attempt: LastAttempt = LastAttempt()


class MetadataItem(Shape):
    """One metadata entry."""

    key: _Text
    value: str = ""


class Metadata(Shape):
    """Metadata of a template."""

    items: list[MetadataItem] = []


class TemplateProperties(Shape):
    """What a template's instances are made of."""

    metadata: Metadata = Metadata()


class Template(Shape):
    """An instance template."""

    name: _Text
    id: _Text
    creation_timestamp: AwareDatetime
    self_link: _Text
    properties: TemplateProperties


class Operation(Shape):
    """An operation."""

    name: _Text
    status: Literal["PENDING", "RUNNING", "DONE"]
    zone: str = ""
    region: str = ""
    error: Errors = Errors()
    http_error_status_code: int = 0
    warnings: list[Error] = []


class Autoscaler(Shape):
    """An autoscaler."""

    name: _Text
    target: str = ""


class Probe(Shape):
    """Where a health check asks."""

    port: int = 0


class HealthCheck(Probe):
    """A health check, of a kind that is made today or not."""

    type: str = ""
    http_health_check: Probe = Probe()
    https_health_check: Probe = Probe()
    http2_health_check: Probe = Probe()
    tcp_health_check: Probe = Probe()
    ssl_health_check: Probe = Probe()
    grpc_health_check: Probe = Probe()
    grpc_tls_health_check: Probe = Probe()


class Quota(Shape):
    """A quota of a region."""

    metric: str
    limit: float
    usage: float


class Region(Shape):
    """A region with its quotas."""

    name: _Text
    quotas: list[Quota] = []


class GroupScope(Shape):
    """The groups of a zone or region."""

    instance_group_managers: list[Group] = []


class GroupPage(Shape):
    """A page of all groups of a project."""

    items: dict[str, GroupScope] = {}
    next_page_token: str = ""


class Permissions(Shape):
    """What an account is granted; an account that reads a group has one permission at least."""

    permissions: Annotated[list[_Text], Field(min_length=1)]


class ErrorRow(Shape):
    """A row of `listErrors`."""

    error: Error = Error()
    instance_action_details: dict[str, Any] = {}
