"""File names of forms: UTF-8, `filename*` and encoded words, also in headers that no client sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.easycontracts.forms import decoded_name


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ('filename="a.pdf"', None),
        ('filename="계약.pdf"', None),
        ("filename*=UTF-8''%EA%B3%84%EC%95%BD.pdf", "계약.pdf"),
        ("filename*=utf-8'ko'%EA%B3%84.pdf", "계.pdf"),
        ("filename*=ISO-8859-1''%E9t%E9.pdf", "été.pdf"),
        ("filename=\"x.exe\"; filename*=UTF-8''%EA%B3%84.pdf", "계.pdf"),
        ("filename*=UTF-8''%EA%B3%84.pdf; filename=\"x.exe\"", "계.pdf"),
        ("filename*=UTF-8''%FF.pdf", "\ufffd.pdf"),
        ("filename*=UTF-16''%EA%B3.pdf", None),
        ("filename*=UTF-8", None),
        ('filename="=?UTF-8?Q?=EA=B3=84=EC=95=BD.pdf?="', "계약.pdf"),
        ('filename="=?UTF-8?B?6rOE7JW9LnBkZg==?="', "계약.pdf"),
        ('filename="=?UTF-8?B?6rOE?= =?UTF-8?B?7JW9LnBkZg==?="', "계약.pdf"),
        ('filename="=?EUC-KR?B?sOi+4C5wZGY=?="', "계약.pdf"),
        ('filename="=?no-such?Q?a?="', None),
        ('filename="=?UTF-8?B?6rOE?"', "=?UTF-8?B?6rOE?"),
        ('filename="=?UTF-8?B?A?="', None),
    ],
)
def test_name_is_decoded(parameters: str, name: str | None) -> None:
    """`filename*` comes first, then encoded words; None for a name that needs no decoding or cannot be decoded."""
    assert decoded_name(f'form-data; name="files"; {parameters}'.encode()) == name


@given(st.one_of(st.binary(max_size=200), st.text("=?*utfUTF-8BbQq';\"%filename A9\\", max_size=200).map(str.encode)))
def test_any_header_has_a_name_or_none(disposition: bytes) -> None:
    """No header raises an error."""
    name = decoded_name(b"form-data; filename=" + disposition)
    assert name is None or isinstance(name, str)
