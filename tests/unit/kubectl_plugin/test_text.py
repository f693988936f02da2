"""Lines and tables."""

from kubectl_rotten.text import Page, clean, plain, step_of, table, without_step, wrapped


def test_words_are_wrapped_to_the_width_and_never_cut() -> None:
    lines = wrapped(f"What is served has the digest {'a1' * 32} and is well-known.", Page(width=40))
    assert lines == ["  What is served has the digest", f"  {'a1' * 32}", "  and is well-known."]


def test_a_page_that_is_too_narrow_is_taken_for_a_narrow_one() -> None:
    assert len(wrapped("word " * 16, Page(width=0))) == 3


def test_nothing_is_wrapped_to_nothing() -> None:
    assert wrapped("", Page()) == []


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table([("A", "LONG", "C"), ("aa", "b", "")]) == ["A    LONG   C", "aa   b"]


def test_an_empty_table_has_no_lines() -> None:
    assert table([]) == []


def test_what_a_terminal_would_obey_is_taken_out() -> None:
    assert clean("a\x1b[31mb\nc\u202ed\x9bm") == "a [31mb c d m"


def test_a_cell_of_several_lines_is_one_line() -> None:
    assert table([("a\nb", "c")]) == ["a b   c"]


def test_ascii_alone() -> None:
    assert plain("✓ … ✗ a → b “c” ü") == 'ok ... no a -> b "c" ?'


def test_a_message_and_its_step() -> None:
    message = "It failed. Next: kubectl  get 'a  b'\n"
    assert without_step(message) == "It failed."
    assert step_of(message) == "kubectl  get 'a  b'"
    assert (without_step("It waits."), step_of("It waits.")) == ("It waits.", "")


def test_a_step_is_one_line_whatever_it_holds() -> None:
    assert step_of("Next: a\x1b]0;x\x07\nb") == "a ]0;x  b"
