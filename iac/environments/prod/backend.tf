# A person creates the bucket, with versioning: iac/README.md. The backend locks the state while a command runs.
terraform {
  backend "gcs" {
    bucket = "dojangkok-ai-iac-backend"
    prefix = "v2/prod"
  }
}
