mock_provider "google" {}

variables {
  name    = "dojangkok-deployer"
  purpose = "Rolls releases out"
  project = "p"
}

run "account_has_no_grant_by_default" {
  assert {
    condition     = length(google_project_iam_custom_role.this) == 0 && length(google_project_iam_member.writer) == 0 && length(google_service_account_iam_member.user) == 0 && length(google_project_iam_custom_role.dry_run) == 0
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

run "second_role_has_a_condition_on_the_name" {
  variables {
    dry_run_permissions = ["compute.instances.create"]
  }

  assert {
    condition     = google_project_iam_custom_role.dry_run[0].role_id == "DojangkokDeployerDryRun" && google_project_iam_custom_role.dry_run[0].permissions == toset(["compute.instances.create"])
    error_message = "the role differs from the variables"
  }

  assert {
    condition     = endswith(google_project_iam_member.dry_run[0].condition[0].expression, "resource.name.endsWith('-0000')") && length(google_project_iam_custom_role.this) == 0
    error_message = "the role is granted without its condition"
  }
}

run "permission_that_creates_no_instance_is_refused_in_the_second_role" {
  command = plan
  variables {
    dry_run_permissions = ["compute.instances.setIamPolicy"]
  }
  expect_failures = [var.dry_run_permissions]
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
