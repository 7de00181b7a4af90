# One account for one purpose, with what that purpose needs and nothing else.
resource "google_service_account" "this" {
  account_id   = var.name
  display_name = var.purpose
}

# On the project a machine may write logs and metrics. Everything else is granted on the one thing that is needed.
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
  description = "Exactly what ${var.name} calls: ${var.purpose}."
  permissions = var.permissions
}

resource "google_project_iam_member" "custom" {
  count = length(var.permissions) > 0 ? 1 : 0

  project = var.project
  role    = google_project_iam_custom_role.this[0].id
  member  = "serviceAccount:${google_service_account.this.email}"
}

# To start a machine that runs as this account.
resource "google_service_account_iam_member" "user" {
  for_each = var.users

  service_account_id = google_service_account.this.name
  role               = "roles/iam.serviceAccountUser"
  member             = "serviceAccount:${each.value}"
}
