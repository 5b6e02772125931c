"""``parity preflight``: is this MongoDB fit to receive the data of a hosted Parse app?"""
