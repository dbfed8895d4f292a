"""Tests that need large packages, and skip without them: `make peers` installs those."""
