"""How an environment is set up."""

from dataclasses import dataclass
from typing import Literal

InstanceCheck = Literal["both", "insert", "patch", "never"]
GuestAgent = Literal["new", "old"]
Rounding = Literal["up", "down"]


@dataclass(frozen=True)
class Options:
    """
    How an environment is set up.

    Args:
        seed: seed of all random numbers
        operation_s: seconds that an operation runs
        decide_s: seconds from a change to a group's next decision; longer than an operation, because real groups show
            no action yet when a patch is DONE (terraform-provider-google issue 3378)
        in_use: whether deleting a used template fails at once, or by an operation that fails; Google does both
        retries: whether a failed creation is repeated; False: CREATING_WITHOUT_RETRIES
        max_templates: quota of instance templates in a project
        standby: whether a rollout keeps suspended and stopped instances as they are, or replaces them; no public
            source describes this (searched on 2026-11-26)
        instance_check: which writes check that the caller may create an instance of a group's template: the insert of
            the group, a PATCH to another template, both, or never; no public source names them all (searched on
            2026-11-27)
        deleting: whether an instance that is being deleted counts against target size plus surge, so that its successor
            is created after its end, or is ignored; no public source describes this (searched on 2026-11-27)
        guest_agent: agent that prints to serial ports: google-guest-agent, or the older guest-agent
        version_name_length: characters that a name in `versions` may have, as many as the name of a resource; no public
            source has a longer name, nor a refusal (searched on 2026-11-27)
        target_size_rounding: how the percentage of a version's target size is rounded; earlier API definitions and
            Terraform's provider say up, google-cloud-compute 1.57.0 says only "rounded" (read on 2026-11-27)
    """

    seed: int = 0
    operation_s: float = 1.0
    decide_s: float = 2.0
    in_use: Literal["refuse", "fail"] = "refuse"
    retries: bool = True
    max_templates: int = 100_000
    standby: Literal["keep", "replace"] = "keep"
    instance_check: InstanceCheck = "both"
    deleting: Literal["count", "ignore"] = "count"
    guest_agent: GuestAgent = "new"
    version_name_length: int = 63
    target_size_rounding: Rounding = "up"
