output "condition" {
  description = "Which of GitHub's tokens are taken."
  value       = local.condition
}

output "provider" {
  description = "What google-github-actions/auth takes as workload_identity_provider."
  value       = google_iam_workload_identity_pool_provider.github.name
}
