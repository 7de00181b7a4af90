"""Every finding about an environment, in the order in which a person fixes them."""

from deploy.config import Config
from deploy.doctor import access, analysis, group, surroundings
from deploy.doctor.finding import Finding
from deploy.doctor.readings import Readings


def diagnose(config: Config, readings: Readings) -> tuple[Finding, ...]:
    """Return the findings of all checks; each check has at least one, but for an analysis that is not set."""
    return (
        *access.account_findings(readings),
        *surroundings.clock_findings(readings),
        *access.api_findings(config, readings),
        *access.permission_findings(config, readings),
        *access.instance_permission_findings(config, readings),
        *access.act_as_findings(config, readings),
        *surroundings.repository_findings(config, readings),
        *group.group_findings(config, readings),
        *group.update_policy_findings(config, readings),
        *group.health_check_findings(config, readings),
        *surroundings.firewall_findings(config, readings),
        *group.template_findings(config, readings),
        *surroundings.machine_type_findings(config, readings),
        *surroundings.secret_findings(config, readings),
        *group.quota_findings(config, readings),
        *surroundings.template_quota_findings(config, readings),
        *analysis.analysis_findings(config, readings),
    )
