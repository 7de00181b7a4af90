mock_provider "google" {}

variables {
  name    = "dojangkok-deployer"
  purpose = "Rolls releases out"
  project = "p"
}

run "account_has_nothing_that_was_not_asked_for" {
  assert {
    condition     = length(google_project_iam_custom_role.this) == 0 && length(google_project_iam_member.writer) == 0 && length(google_service_account_iam_member.user) == 0
    error_message = "it has more"
  }
}

run "role_holds_exactly_what_was_asked_for" {
  variables {
    permissions = ["compute.regions.get"]
  }

  assert {
    condition     = google_project_iam_custom_role.this[0].role_id == "DojangkokDeployer" && google_project_iam_custom_role.this[0].permissions == toset(["compute.regions.get"])
    error_message = "another role"
  }
}

run "roles_on_the_project_are_for_logs_and_metrics" {
  command = plan
  variables {
    project_roles = ["roles/compute.instanceAdmin.v1"]
  }
  expect_failures = [var.project_roles]
}

run "account_can_give_itself_nothing" {
  command = plan
  variables {
    permissions = ["resourcemanager.projects.setIamPolicy"]
  }
  expect_failures = [var.permissions]
}
