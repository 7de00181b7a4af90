# One account for one purpose, with no more permissions than this purpose needs.
resource "google_service_account" "this" {
  account_id   = var.name
  display_name = var.purpose
}

# On the project a VM may write logs and metrics. Every other grant is on a single resource.
resource "google_project_iam_member" "writer" {
  for_each = var.project_roles

  project = var.project
  role    = each.value
  member  = "serviceAccount:${google_service_account.this.email}"
}

resource "google_project_iam_custom_role" "this" {
  count = length(var.permissions) > 0 ? 1 : 0

  role_id     = replace(title(replace(var.name, "-", " ")), " ", "")
  title       = var.name
  description = "The permissions that ${var.name} uses: ${var.purpose}."
  permissions = var.permissions
}

resource "google_project_iam_member" "custom" {
  count = length(var.permissions) > 0 ? 1 : 0

  project = var.project
  role    = google_project_iam_custom_role.this[0].id
  member  = "serviceAccount:${google_service_account.this.email}"
}

# Compute Engine checks by a dry run that an account which gives a group another template may create the instance
# BASE-0000 and its disk. With the condition the role creates no other instance and no other disk.
# Source: upwindsecurity/terraform-google-onboarding, modules/_shared/iam/roles.tf, 2026-04-09.
resource "google_project_iam_custom_role" "dry_run" {
  count = length(var.dry_run_permissions) > 0 ? 1 : 0

  role_id     = "${replace(title(replace(var.name, "-", " ")), " ", "")}DryRun"
  title       = "${var.name}-dry-run"
  description = "The permissions on names that end in -0000, by which ${var.name} gives a group another template."
  permissions = var.dry_run_permissions
}

resource "google_project_iam_member" "dry_run" {
  count = length(var.dry_run_permissions) > 0 ? 1 : 0

  project = var.project
  role    = google_project_iam_custom_role.dry_run[0].id
  member  = "serviceAccount:${google_service_account.this.email}"

  condition {
    title       = "dry-run"
    description = "Instances and disks only with the name of a group's dry run."
    expression = join(" || ", [
      "(resource.type != 'compute.googleapis.com/Instance' && resource.type != 'compute.googleapis.com/Disk')",
      "resource.name.endsWith('-0000')",
    ])
  }
}

# A user may start VMs that run as this account.
resource "google_service_account_iam_member" "user" {
  for_each = var.users

  service_account_id = google_service_account.this.name
  role               = "roles/iam.serviceAccountUser"
  member             = "serviceAccount:${each.value}"
}
