"""How long random tests look: ``make fuzz`` sets ``LOCKSTEP_FUZZ``, and they look longer, at other cases each time."""

import os

FUZZ = os.environ.get("LOCKSTEP_FUZZ", "") not in ("", "0")
