// A developer's or trial deployment: cheapest, and gone tomorrow. Nobody is called at night, and nobody gets a mail:
// without alertEmails there is no budget either.
using '../main.bicep'

param organization = 'contoso'
param environment = 'dev'
param location = 'westeurope'
param budgetStart = '2026-12-01'

// A trickle of changes: a quarter of the price of 2048 for each second.
param instanceMemoryMB = 512
// A quarter of a core: few requests side by side.
param httpConcurrency = 4
// Two people cannot make more work than this, and a loop by mistake cannot cost more either. Not below seven: HTTP, two
// queues and four timers run on instances of their own, and may have to share this number.
param maximumInstanceCount = 10
