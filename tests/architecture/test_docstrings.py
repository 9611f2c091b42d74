# SPDX-License-Identifier: Apache-2.0
"""Examples in docstrings are run, under the one import name that users have."""

from __future__ import annotations

import doctest
import importlib


def test_examples_in_docstrings(checkout):
    for file in checkout.files:
        if file.endswith(".py") and checkout.in_package(file) and "\n    >>> " in checkout.text(file):
            module = importlib.import_module(checkout.module_of(file))
            result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
            assert result.failed == 0, file
            assert result.attempted > 0, f"{file}: an example that doctest does not see"


def test_a_wrong_example_is_found():
    example = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "planted", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(example, out=lambda _: None).failed == 1
