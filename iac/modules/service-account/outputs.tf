output "email" {
  description = "Email of the account."
  value       = google_service_account.this.email
}

output "name" {
  description = "Full name of the account, projects/…/serviceAccounts/…"
  value       = google_service_account.this.name
}
