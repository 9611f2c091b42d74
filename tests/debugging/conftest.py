# SPDX-License-Identifier: Apache-2.0
"""What tests of these tools share."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest


@pytest.fixture(scope="session")
def well_formed():
    """A check that HTML is one well-formed piece, loads nothing from anywhere and runs nothing."""

    def check(text: str):
        tree = ET.fromstring(text)
        for part in tree.iter():
            assert part.tag not in ("script", "link", "img", "iframe", "object")
            assert not {"src", "href", "onload", "onclick", "style"} & set(part.attrib)
        assert "http" not in text
        assert "@import" not in text
        assert "url(" not in text
        return tree

    return check
