// The one rule for names: {type}-lockstep-{organization}-{environment}. infra/terraform/names.tf holds the same rule.
// Names that must be unique in the world (app, storage, vault) are so by the organization; the longest of them fits with
// an organization of eight characters: a vault may have 24, and the host tells apps of one account apart by 32.

@export()
@description('A name by the rule, for what takes hyphens.')
func named(type string, organization string, environment string) string => '${type}-lockstep-${organization}-${environment}'

@export()
@description('The storage account: lower-case letters and digits only, 24 at most.')
func storageNamed(organization string, environment string) string => 'stlockstep${organization}${environment}'
