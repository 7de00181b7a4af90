output "services" {
  description = "Enabled APIs."
  value       = keys(google_project_service.this)
}
