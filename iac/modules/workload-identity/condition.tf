# Which of GitHub's tokens are taken, in CEL. Numbers, because GitHub never gives one away again; names it does. The branch
# alone is not enough: a job on pull_request_target has the branch that it wants to change.
locals {
  condition = join(" && ", [
    "assertion.repository_id == '${var.repository_id}'",
    "assertion.repository_owner_id == '${var.repository_owner_id}'",
    "assertion.ref == '${var.ref}'",
    "assertion.environment == '${var.environment}'",
    "assertion.event_name in ['push', 'workflow_dispatch']",
  ])
}
