output "condition" {
  description = "Condition that a token of GitHub must meet, in CEL."
  value       = local.condition
}

output "provider" {
  description = "Value of workload_identity_provider for google-github-actions/auth."
  value       = google_iam_workload_identity_pool_provider.github.name
}
