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

# A user may start VMs that run as this account.
resource "google_service_account_iam_member" "user" {
  for_each = var.users

  service_account_id = google_service_account.this.name
  role               = "roles/iam.serviceAccountUser"
  member             = "serviceAccount:${each.value}"
}
