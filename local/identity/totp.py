"""Time-based one-time passwords (RFC 6238 over RFC 4226): what a virtual MFA device shows."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time

STEP_SECONDS = 30
DIGITS = 6


def step_at(moment: float) -> int:
    """The number of the 30-second step that holds a moment (seconds since the epoch)."""
    return int(moment) // STEP_SECONDS


def code_of_step(seed: str, step: int) -> str:
    """The code of one step. `seed` is base32 text, as CreateVirtualMFADevice returns it (Base32StringSeed)."""
    padded = seed.strip().upper() + "=" * (-len(seed.strip()) % 8)
    digest = hmac.new(base64.b32decode(padded), struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0xF
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def code(seed: str | bytes, moment: float | None = None) -> str:
    """What the device shows at a moment, now unless told."""
    text = seed.decode() if isinstance(seed, bytes) else seed
    return code_of_step(text, step_at(time.time() if moment is None else moment))


def consecutive_codes(seed: str | bytes, moment: float | None = None) -> tuple[str, str]:
    """Two codes in a row, as EnableMFADevice wants them, and lately shown: what is shown now stays unspent."""
    now = time.time() if moment is None else moment
    return code(seed, now - 2 * STEP_SECONDS), code(seed, now - STEP_SECONDS)


def matching_step(seed: str, given: str, moment: float, drift: int = 1) -> int | None:
    """The step within `drift` of a moment whose code was given, None when there is none."""
    now = step_at(moment)
    steps = sorted(range(now - drift, now + drift + 1), key=lambda step: abs(step - now))
    return next((step for step in steps if hmac.compare_digest(code_of_step(seed, step), given)), None)
