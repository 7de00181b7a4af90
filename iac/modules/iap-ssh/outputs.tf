output "instance" {
  description = "Name of the VM."
  value       = google_compute_instance_iam_member.login.instance_name
}
