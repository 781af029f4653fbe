# One rule for names, {type}-lockstep-{organization}-{environment}, and what stands in infra/common.

locals {
  hub      = jsondecode(file("${path.module}/../common/hub.json"))
  rules    = { for rule in jsondecode(file("${path.module}/../common/alerts.json")).rules : rule.name => rule }
  workbook = jsondecode(file("${path.module}/../common/workbook.json"))

  suffix = "lockstep-${var.organization}-${var.environment}"

  names = {
    resource_group = "rg-${local.suffix}"
    app            = "func-${local.suffix}"
    plan           = "asp-${local.suffix}"
    identity       = "id-${local.suffix}"
    deployer       = "id-${local.suffix}-deploy"
    storage        = "stlockstep${var.organization}${var.environment}"
    vault          = "kv-${local.suffix}"
    workspace      = "log-${local.suffix}"
    insights       = "appi-${local.suffix}"
    network        = "vnet-${local.suffix}"
    action_group   = "ag-${local.suffix}"
    budget         = "budget-${local.suffix}"
  }

  tags = merge(
    {
      workload    = "lockstep"
      environment = var.environment
      managed-by  = "terraform"
    },
    var.tags,
  )
}
