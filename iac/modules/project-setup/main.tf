# The APIs that the other modules need.
resource "google_project_service" "this" {
  for_each = var.services

  service            = each.value
  disable_on_destroy = false # other software in the project may need the API
}
