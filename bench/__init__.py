# SPDX-License-Identifier: Apache-2.0
"""The project's measurements: `python -m bench` from the root of a checkout. No part of the package."""
