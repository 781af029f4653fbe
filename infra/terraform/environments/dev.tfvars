# A developer's or trial deployment: cheapest, and gone tomorrow. Nobody is called at night, and nobody gets a mail:
# without alert_emails there is no budget either.

organization = "contoso"
environment  = "dev"
location     = "westeurope"
budget_start = "2026-12-01"

# A trickle of changes: a quarter of the price of 2048 for each second.
instance_memory_mb = 512

# A quarter of a core: few requests side by side.
http_concurrency = 4

# Two people cannot make more work than this, and a loop by mistake cannot cost more either. Not below seven: HTTP, two
# queues and four timers run on instances of their own, and may have to share this number.
maximum_instance_count = 10
