"""Tests of the service, without a network."""

import unittest

from server import app


class ServerTest(unittest.TestCase):
    """Each route answers."""

    def test_every_route_answers(self) -> None:
        """Both routes answer 200."""
        client = app.test_client()
        for path, text in {"/": "Hello, world!\n", "/healthz": "ok\n"}.items():
            response = client.get(path)
            self.assertEqual((response.status_code, response.text), (200, text))
