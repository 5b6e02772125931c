"""Users that can log in: a small pool of real bcrypt hashes.

A hash takes 60 ms on purpose, so they were made beforehand (cost 10, as the hosted service and
parse-server do); the three prefixes are those of implementations of bcrypt in the wild.
"""

from __future__ import annotations

from typing import Final

HASHES: Final = (
    "$2b$10$mLNjljZnsJpAPJf8bv3rKOg4PgG5gxSGNp2F7iyDZMpBEExmnC1Na",
    "$2a$10$rziyhLGWZL4EVrW.ybFsnOJOdc04jwUSUnOXRVgWEouAeaYcwcUqK",
    "$2y$10$dvasRDSIVY50R8.zVX8IJO.POiTdMm0NcAD3EDxB8AojbMeg.mclu",
    "$2b$10$RfDeM6hI1vvbEoOeaC8dVu6cH8QoTnsfFEdArW7MB3NH6nSDmTTYe",
    "$2a$10$1aQ3z7buAC6KG3M7VdrkIeMGjVGxwXMwhhMId/TCQpFY1o5NpRRXW",
    "$2y$10$3E7SV8AZEzX8KmQ4UMCsR.Tzaw2b2lcsjvStCTR19LGvprmJr8B0C",
    "$2b$10$LsUN3VCcZ1t0GlEVM8y7fumttKuG8cebRJqwAG0hKIKNN7YXvO9G2",
    "$2a$10$DGM3Za1aC0S57Zk6FPGwg.H0W/ETp7RqAt8boSvF/lZeKcpoLaGk6",
    "$2y$10$SwjeSNYxOWAie8.KF.lTMOucXwhKWnNluH2RMCTOezXzFXPeYTBgK",
    "$2b$10$IP9JdpNqP5FgJ5dras0UBupnd.j03zWTpAJid5QOTAjIOupEsEaCm",
    "$2a$10$iGi9a/lga/WGXhNaNjB9B.KOAKVKUcEmogCfx22cMEtv0Wn5yaBLa",
    "$2y$10$hPE7j.2Va0f3jdxxGZlwm.anJNu3LJ3IFMxGnQubgjL9iy0hPp7Ie",
    "$2b$10$rlWLcUr/nseyaFyISmg5EOSt2pVQSAq.gC0jj14ASg4g.YFiK4ete",
    "$2a$10$6mxJ2C6.fzkVAxXn/47/DOU/jtL4PhH8cVIq.C74rcTRZ50.fd2FW",
    "$2y$10$4qyI/qhTX.8uYnjk88FQB.K3BloBP.oCRgZB6nOWhUN5v.BFW8I2S",
    "$2b$10$X8cIDrMS0.yUsWPrHnF61eYq8pBjnKd/AWT2bCDylBN/m3GFejN7G",
)
"""Hash of ``seed-password-0``, ``seed-password-1``, …."""
ANONYMOUS_EVERY: Final = 25
"""Every 25th user has no password, but an anonymous login (the 25th, 50th, …)."""


def username_of(number: int) -> str:
    """Return the name of the n-th user, counted from 0."""
    return f"user{number:07d}"


def password_of(number: int) -> str | None:
    """Return the password of the n-th user; ``None`` if it logs in without one."""
    return None if is_anonymous(number) else f"seed-password-{number % len(HASHES)}"


def hash_of(number: int) -> str:
    """Return what is stored for :func:`password_of`."""
    return HASHES[number % len(HASHES)]


def is_anonymous(number: int) -> bool:
    """Tell whether the n-th user logs in without a password."""
    return number % ANONYMOUS_EVERY == ANONYMOUS_EVERY - 1
