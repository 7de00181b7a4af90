"""
The words, comments, redirections and here-documents of shell scripts.

A part is written as `MARKS DEPTH TEXT`. Marks: `>` target of a redirection, `#` comment, `<` here-document, `*` text
that the shell expands, `$` output that is a value, `|` output that is piped. Depth: number of groups around it.
"""

import pytest

from deploy.release.shell_lexer import Lexer
from deploy.release.shell_spans import Span

WORDS = [
    ("a b", "0 a · 0 b", False),
    ("a; b && c || d | e & f", "0 a · 0 b · 0 c · |0 d · 0 e · 0 f", False),
    ("a;;b", "0 a · 0 b", False),
    ("a&&b||c|d", "0 a · 0 b · |0 c · 0 d", False),
    ("a # b\n#c\nd#e", "0 a · #0 # b · #0 #c · 0 d#e", False),
    ("a) b", "0 a · 0 b", True),
    ("a |& b", "|0 a · 0 b", False),
    ("a\n\nb", "0 a · 0 b", False),
    (" a", "0 a", False),
    ("a#b c", "0 a#b · 0 c", False),
    ("a # b `c`", "0 a · #0 # b `c`", False),
]
QUOTES = [
    ("a `b # c` d # e", "0 a · $1 b · #$1 # c · 0 `b # c` · 0 d · #0 # e", False),
    ("a \\\nb\\ c", "0 a · 0 b\\ c", False),
    ("a 'b c' \"d $e\" $'f\\'g' h", "0 a · 0 'b c' · 0 \"d $e\" · 0 $'f\\'g' · 0 h", False),
    ("a \"b 'c $(d 'e') f\" g", "0 a · $1 d · $1 'e' · 0 \"b 'c $(d 'e') f\" · 0 g", False),
    ("a 'b", "0 a · 0 'b", True),
    ('a "b $(c', '0 a · $1 c · 0 "b $(c', True),
    ("a ${b:-c d} e", "0 a · 0 ${b:-c d} · 0 e", False),
    ("a $(b $(c) d) e", "0 a · $1 b · $2 c · $1 $(c) · $1 d · 0 $(b $(c) d) · 0 e", False),
    ("a `b c` d", "0 a · $1 b · $1 c · 0 `b c` · 0 d", False),
    ("a $((1 + (2 * 3))) b", "0 a · 0 $((1 + (2 * 3))) · 0 b", False),
    ("a ` b", "0 a · $1 b · 0 ` b", True),
    ("a $b`c`d", "0 a · $1 c · 0 $b`c`d", False),
    ("echo $(( (1) )) a", "0 echo · 0 $(( (1) )) · 0 a", False),
    ("a\\", "0 a\\", False),
    ("x=$(f) y", "$1 f · 0 x=$(f) · 0 y", False),
    ('a `b "c"` d', '0 a · $1 b · $1 "c" · 0 `b "c"` · 0 d', False),
    ('a "`b`" c', '0 a · $1 b · 0 "`b`" · 0 c', False),
    ('a "$((1))" b', '0 a · 0 "$((1))" · 0 b', False),
    ("$(a)b", "$1 a · 0 $(a)b", False),
    ("'a'b c", "0 'a'b · 0 c", False),
    ("'' a", "0 '' · 0 a", False),
    ("fi; 'a'", "0 'a'", True),
    ("$(((1))) a", "0 $(((1))) · 0 a", False),
    ("${} a", "0 ${} · 0 a", False),
    ("$(( $(a) )) b", "0 $(( $(a) )) · 0 b", False),
    ("${x:-$(a)} b", "$1 a · 0 ${x:-$(a)} · 0 b", False),
    ("$(( \\a", "0 $(( \\a", True),
    ("$'a' $b c", "0 $'a' · 0 $b · 0 c", False),
    ("`a # b` `c`", "$1 a · #$1 # b · 0 `a # b` · $1 c · 0 `c`", False),
    ("`a # b\nc` d", "$1 a · #$1 # b · $1 c · 0 `a # b\nc` · 0 d", False),
    ("$(a; b) c", "$1 a · $1 b · 0 $(a; b) · 0 c", False),
]
CONSTRUCTS = [
    ("((a + (1))) b", "0 b", False),
    ("a ((b", "0 a · 2 b", True),
    ("(a; b) c", "1 a · 1 b · 0 c", False),
    ("a=(b c) d", "$1 b · $1 c · 0 a=(b c) · 0 d", False),
    ("if a; then b; else c; fi; d", "1 a · 1 b · 1 c · 0 d", False),
    ("for a in b; do c; done\n", "1 a · 1 in · 1 b · 1 c", False),
    ("case a in b) c;; d) e;; esac\n", "1 a · 1 in · 1 b · 1 c · 1 d · 1 e", False),
    ("{ a; b; } | c", "1 a · 1 b · 0 c", False),
    ("! a", "0 a", False),
    ("fi", "", True),
    ("}", "", True),
    ("if a", "1 a", True),
    ("f() { a; }; b", "$1 a · 0 b", False),
    ("f ( ) { a; }\n", "0 f · $1 a", False),
    ("function f\n{ a; }\nb", "$1 a · 0 b", False),
    ("function f { a; }; { b; }", "$1 a · 1 b", False),
    ("if a; then b; fi", "1 a · 1 b", False),
    ("a=()\nb\nif c; then d; fi\n", "0 a=() · 0 b · 1 c · 1 d", False),
    ("function f\ng h\n", "0 g · 0 h", False),
    ("f() [[ -e a ]]\nb c\n", "0 [[ · 0 -e · 0 a · 0 ]] · 0 b · 0 c", False),
    ("case a in function) b;; esac; c d\n", "1 a · 1 in · 1 function · 1 b · 0 c · 0 d", False),
    ("f a() b", "0 f · 0 a() · 0 b", False),
    ("x f()", "0 x · 0 f()", False),
    ("if a; then b; } fi\n", "1 a · 1 b", True),
    ("a | (b; c) | d", "|0 a · 1 b · 1 c · 0 d", False),
    ("a b=(c) d", "0 a · $1 c · 0 b=(c) · 0 d", False),
    ("(a) b", "1 a · 0 b", False),
    ("((", "", True),
    ("f() (a)", "$1 a", False),
    ("(((1))) a", "0 a", False),
    ("(( \\a", "", True),
    ("a )b", "0 a · 0 b", True),
    ("case a in b)c;; esac", "1 a · 1 in · 1 b · 1 c", False),
    ("f(){ a; }; b", "$1 a · 0 b", False),
    ("((a)); (b) c", "1 b · 0 c", False),
    ("a((b)) c", "2 b · 0 a((b)) · 0 c", False),
    ("a; ((b)); c", "0 a · 0 c", False),
    ("(a); f() { b; }", "1 a · $1 b", False),
]
REDIRECTIONS = [
    ("a > b 2>&1 >> c < d", "0 a · >0 b · >0 1 · >0 c · >0 d", False),
    ("a 2> b", "0 a · >0 b", False),
    ("2 > b", "0 2 · >0 b", False),
    ("1a > b", "0 1a · >0 b", False),
    ("x2>b", "0 x2 · >0 b", False),
    ("a &> b", "0 a · >0 b", False),
    ("a <<< b c", "0 a · >0 b · 0 c", False),
    ("a < <(b c) d", "0 a · $1 b · $1 c · >0 <(b c) · 0 d", False),
    ("a >(b) c", "0 a · $1 b · 0 >(b) · 0 c", False),
    ("a >| b <> c", "0 a · >0 b · >0 c", False),
    ("a >&2 b", "0 a · >0 2 · 0 b", False),
    ("while a; do b; done > c\n", "1 a · 1 b · >0 c", False),
    ("&>f a; b", ">0 f · 0 a · 0 b", False),
    ("2>a b", ">0 a · 0 b", False),
    ("a <<<b c", "0 a · >0 b · 0 c", False),
    ("a <b c", "0 a · >0 b · 0 c", False),
]
DOCUMENTS = [
    ("a <<E b\nc $d\nE\ne", "0 a · 0 b · <*0 c $d\n · 0 e", False),
    ("a <<'E'\nc\nE", "0 a · <0 c\n", False),
    ("a <<-E\n\tc\n\tE\nd", "0 a · <*0 \tc\n · 0 d", False),
    ("a <<E\n\tc\n\tE\nE\n", "0 a · <*0 \tc\n\tE\n", False),
    ("a <<E <<F\nb\nE\nc\nF\nd", "0 a · <*0 b\n · <*0 c\n · 0 d", False),
    ("a <<E\nb", "0 a · <*0 b", True),
    ("a <<\\E\nb\nE", "0 a · <0 b\n", False),
    ('a <<"E F"\nb\nE F\nc', "0 a · <0 b\n · 0 c", False),
    ("a <<E | b\nc\nE\nd", "|0 a · 0 b · <*|0 c\n · 0 d", False),
    ("a <<E\n", "0 a · <*0 ", True),
    ("a <<''\nb\n", "0 a · <0 b\n", True),
    ("a <<-E\n E\n\tE\n", "0 a · <*0  E\n", False),
    ("fi; a <<E\nE\n", "0 a · <*0 ", True),
]
MARKS = {"word": "", "target": ">", "comment": "#", "document": "<"}


def written(span: Span, script: str) -> str:
    """Return a part of a script with its marks and its depth."""
    depth, group = 0, span.command.group
    while group:
        depth, group = depth + 1, group.group
    flags = [(span.is_expanded, "*"), (span.command.is_captured, "$"), (span.command.piped_to, "|")]
    marks = MARKS[span.kind] + "".join(mark for is_set, mark in flags if is_set)
    return f"{marks}{depth} {script[span.start : span.end]}"


@pytest.mark.parametrize(
    ("script", "parts", "is_broken"), [*WORDS, *QUOTES, *REDIRECTIONS, *DOCUMENTS, *CONSTRUCTS], ids=repr
)
def test_script_is_split_into_its_parts(script: str, parts: str, is_broken: bool) -> None:
    """Every part has its text and its command; a construct that is not closed breaks the script."""
    lexer = Lexer(script)
    assert (" · ".join(written(span, script) for span in lexer.spans), lexer.is_broken) == (parts, is_broken)


@pytest.mark.parametrize(("depth", "comment"), [(7, "# b"), (8, "# b` c")])
def test_backquotes_end_a_comment_in_seven_substitutions_at_most(depth: int, comment: str) -> None:
    """The search for backquotes around a comment has a limit, which keeps the time of the lexer linear."""
    script = f"`{'$(' * depth}a # b` c\n"
    assert [script[span.start : span.end] for span in Lexer(script).spans if span.kind == "comment"] == [comment]
