"""The deployed server that clients will reach: is it safe, reachable, and does it survive a restart?"""
