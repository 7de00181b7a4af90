"""The members of Compute Engine's documents that deploy reads, with their types. Source: the Compute Engine API, v1."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

_Text = Annotated[str, Field(min_length=1)]


class Shape(BaseModel):
    """Members that deploy reads, none of which may be null; other members are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore")


class VersionEntry(Shape):
    """An entry of `versions`, or member `version` of an instance's row."""

    instance_template: str = ""
    name: str = ""


class VersionTarget(Shape):
    """Whether the target version of every instance that stays is the group's."""

    is_reached: bool = False


class GroupStatus(Shape):
    """The state of a group."""

    is_stable: bool = False
    version_target: VersionTarget = VersionTarget()
    stateful: dict[str, Any] = {}


class HealingPolicy(Shape):
    """An autohealing policy."""

    health_check: str = ""
    initial_delay_sec: int = 0


class FixedOrPercent(Shape):
    """A number of instances, or a percentage of the target size."""

    fixed: int | None = None
    percent: int | None = None


class UpdatePolicy(Shape):
    """The update policy: how a group replaces its instances."""

    type: str = ""
    minimal_action: str = ""
    most_disruptive_allowed_action: str = ""
    replacement_method: str = ""
    max_surge: FixedOrPercent = FixedOrPercent()
    max_unavailable: FixedOrPercent = FixedOrPercent()


class ZoneOfGroup(Shape):
    """A zone of a regional group."""

    zone: _Text


class DistributionPolicy(Shape):
    """How a regional group spreads its instances over its zones."""

    target_shape: str = ""
    zones: list[ZoneOfGroup] = []


class Properties(Shape):
    """Properties that a group gives to all of its instances."""

    metadata: dict[str, str] = {}


class AllInstancesConfig(Shape):
    """Properties of a group that hide the template's."""

    properties: Properties = Properties()


class GroupDocument(Shape):
    """A managed instance group."""

    name: _Text
    fingerprint: _Text
    self_link: str = ""
    zone: str = ""
    region: str = ""
    distribution_policy: DistributionPolicy = DistributionPolicy()
    target_size: int = 0
    instance_template: str = ""
    versions: Annotated[list[VersionEntry], Field(min_length=1)] = [VersionEntry()]
    status: GroupStatus = GroupStatus()
    update_policy: UpdatePolicy = UpdatePolicy()
    auto_healing_policies: list[HealingPolicy] = []
    all_instances_config: AllInstancesConfig = AllInstancesConfig()
    instance_lifecycle_policy: dict[str, Any] = {}
    stateful_policy: dict[str, Any] = {}


class InstanceHealth(Shape):
    """The health of an instance by one health check."""

    detailed_health_state: str = ""
    health_check: str = ""


class ErrorDetail(Shape):
    """An error or a warning."""

    code: str = ""
    message: str = ""


class ErrorList(Shape):
    """A list of errors."""

    errors: list[ErrorDetail] = []


class LastAttempt(Shape):
    """The group's last attempt to create or change an instance."""

    errors: ErrorList = ErrorList()


class InstanceRow(Shape):
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
    """A metadata entry."""

    key: _Text
    value: str = ""


class Metadata(Shape):
    """The metadata of a template."""

    items: list[MetadataItem] = []


class TemplateProperties(Shape):
    """The properties of a template's instances."""

    metadata: Metadata = Metadata()


class TemplateDocument(Shape):
    """An instance template."""

    name: _Text
    id: _Text
    creation_timestamp: AwareDatetime
    self_link: _Text
    properties: TemplateProperties


class OperationDocument(Shape):
    """An operation."""

    name: _Text
    status: Literal["PENDING", "RUNNING", "DONE"]
    zone: str = ""
    region: str = ""
    error: ErrorList = ErrorList()
    http_error_status_code: int = 0
    warnings: list[ErrorDetail] = []


class AutoscalerDocument(Shape):
    """An autoscaler."""

    name: _Text
    target: str = ""


class HealthCheckProbe(Shape):
    """The target of a health check."""

    port: int = 0


class HealthCheckDocument(HealthCheckProbe):
    """A health check, of a current or a legacy kind."""

    type: str = ""
    http_health_check: HealthCheckProbe = HealthCheckProbe()
    https_health_check: HealthCheckProbe = HealthCheckProbe()
    http2_health_check: HealthCheckProbe = HealthCheckProbe()
    tcp_health_check: HealthCheckProbe = HealthCheckProbe()
    ssl_health_check: HealthCheckProbe = HealthCheckProbe()
    grpc_health_check: HealthCheckProbe = HealthCheckProbe()
    grpc_tls_health_check: HealthCheckProbe = HealthCheckProbe()


class Quota(Shape):
    """A quota of a region."""

    metric: str
    limit: float
    usage: float


class GroupScope(Shape):
    """The groups of a zone or region."""

    instance_group_managers: list[GroupDocument] = []


class GroupPage(Shape):
    """A page of all groups of a project."""

    items: dict[str, GroupScope] = {}
    next_page_token: str = ""


class GrantedPermissions(Shape):
    """The permissions of an account; an account that reads a group has at least one."""

    permissions: Annotated[list[_Text], Field(min_length=1)]


class ErrorRow(Shape):
    """A row of `listErrors`."""

    error: ErrorDetail = ErrorDetail()
    instance_action_details: dict[str, Any] = {}
