output "services" {
  description = "APIs that are on."
  value       = keys(google_project_service.this)
}
