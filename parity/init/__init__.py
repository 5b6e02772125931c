"""``parity init``: from the files of an app to its ``parity.toml``."""

from parity.init.detect import detect
from parity.init.found import Found, Setting
from parity.init.write import Written, write_files

__all__ = ["Found", "Setting", "Written", "detect", "write_files"]
