"""Is there room for the log to grow?"""

import psutil

from app.config import Settings

from .finding import Finding, existing

NAME = "disk"
MIB = 1024 * 1024
SCARCE_MB = 2048
FULL_MB = 256


async def check_disk(settings: Settings) -> Finding:
    place = existing(settings.data_dir)
    free = psutil.disk_usage(str(place)).free // MIB
    return judge(free, str(place))


def judge(free_mb: int, place: str) -> Finding:
    """What so much free space means."""
    detail = f"{free_mb} MB free at {place}"
    advice = "The log only ever grows, and takes no events when the disk is full: make room."
    if free_mb < FULL_MB:
        return Finding(NAME, "fail", detail, advice)
    if free_mb < SCARCE_MB:
        return Finding(NAME, "warn", detail, advice)
    return Finding(NAME, "ok", detail)
