# The APIs that everything else here needs.
resource "google_project_service" "this" {
  for_each = var.services

  service            = each.value
  disable_on_destroy = false # what else lives in the project may need it
}
