# The condition for tokens of GitHub, in CEL. It compares numeric ids, because GitHub gives a name, but never an id, to
# another repository. The branch alone is not enough: a job on pull_request_target has the branch of the pull request's base.
locals {
  condition = join(" && ", [
    "assertion.repository_id == '${var.repository_id}'",
    "assertion.repository_owner_id == '${var.repository_owner_id}'",
    "assertion.ref == '${var.ref}'",
    "assertion.environment == '${var.environment}'",
    "assertion.event_name in ['push', 'workflow_dispatch']",
  ])
}
