# The bucket is made by hand, with versions kept (iac/README.md). A state is locked while somebody works on it.
terraform {
  backend "gcs" {
    bucket = "dojangkok-ai-iac-backend"
    prefix = "v2/dev"
  }
}
