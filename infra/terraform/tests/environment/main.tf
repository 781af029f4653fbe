# The values of a file in environments/, as a test can ask for them; null for each variable that it leaves out.

terraform {
  required_providers {
    terraform = {
      source = "terraform.io/builtin/terraform"
    }
  }
}

variable "name" {
  type = string
}

locals {
  variables = { for found in regexall("variable \"(\\w+)\"", file("${path.module}/../../variables.tf")) : found[0] => null }
}

output "values" {
  value = merge(local.variables, provider::terraform::decode_tfvars(file("${path.module}/../../environments/${var.name}.tfvars")))
}
