mock_provider "google" {}

variables {
  name    = "dojangkok-deployer"
  purpose = "Rolls releases out"
  project = "p"
}

run "account_has_no_grant_by_default" {
  assert {
    condition     = length(google_project_iam_custom_role.this) == 0 && length(google_project_iam_member.writer) == 0 && length(google_service_account_iam_member.user) == 0
    error_message = "the account has a grant"
  }
}

run "role_has_exactly_the_given_permissions" {
  variables {
    permissions = ["compute.regions.get"]
  }

  assert {
    condition     = google_project_iam_custom_role.this[0].role_id == "DojangkokDeployer" && google_project_iam_custom_role.this[0].permissions == toset(["compute.regions.get"])
    error_message = "the role differs from the variables"
  }
}

run "other_roles_on_the_project_are_refused" {
  command = plan
  variables {
    project_roles = ["roles/compute.instanceAdmin.v1"]
  }
  expect_failures = [var.project_roles]
}

run "permission_to_extend_rights_is_refused" {
  command = plan
  variables {
    permissions = ["resourcemanager.projects.setIamPolicy"]
  }
  expect_failures = [var.permissions]
}
