output "instance" {
  description = "Name of the machine."
  value       = google_compute_instance_iam_member.login.instance_name
}
