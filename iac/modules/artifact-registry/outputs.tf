output "name" {
  description = "Last part of the repository's name."
  value       = google_artifact_registry_repository.this.repository_id
}
