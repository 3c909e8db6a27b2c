"""How long the property tests search: briefly by default, `--hypothesis-profile=thorough` for long.

`settings` are taken when a test is declared, so this is a plugin of the whole run or imported first.
"""

from hypothesis import HealthCheck, Phase, settings

# A machine under load is slow at times: that is no finding, and no reason to stop generating.
_PATIENT = (HealthCheck.too_slow,)

# To explain a failure costs many times the search for it: a mistake that fails a hundred tests takes minutes.
_BRIEF = [phase for phase in Phase if phase is not Phase.explain]

settings.register_profile(
    "brief", max_examples=60, deadline=None, suppress_health_check=_PATIENT, phases=_BRIEF
)
settings.register_profile("thorough", max_examples=3000, deadline=None, suppress_health_check=_PATIENT)

if settings.get_current_profile_name() == "default":
    settings.load_profile("brief")
