# SPDX-License-Identifier: Apache-2.0
"""The least that a Program can cost: operations by kind, compulsory bytes, and their seconds at given rates.

Reckoned from the Program alone. Nothing here knows of the emitter, so its plans are judged from outside.
"""
