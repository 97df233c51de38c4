"""Tickets: nobody can make one but the store, and each is good for one transfer, method and epoch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filestore.domain.ticket import Ticket, Tickets, require_transfer_id
from vofiles.errors import InvalidArgument, TicketUnknown, WrongMethod

TICKETS = Tickets(b"0123456789abcdef0123456789abcdef")
IDS = st.from_regex(r"[A-Za-z0-9_-]{1,128}", fullmatch=True)
EPOCHS = st.integers(1, 999_999_999)


@given(IDS, EPOCHS)
def test_a_ticket_is_known_again_and_always_the_same(transfer: str, epoch: int) -> None:
    ticket = Ticket(transfer, epoch, "PUT")
    token = TICKETS.token(ticket)
    assert TICKETS.token(ticket) == token
    assert TICKETS.check(token, "PUT") == ticket


@given(IDS, EPOCHS, st.data())
def test_any_other_character_makes_it_unknown(transfer: str, epoch: int, data: st.DataObject) -> None:
    token = TICKETS.token(Ticket(transfer, epoch, "GET"))
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda character: character != token[at]))
    with pytest.raises(TicketUnknown):
        TICKETS.check(token[:at] + other + token[at + 1 :], "GET")


@pytest.mark.parametrize("token", ["", "a", "a.1", "a.1.", "a.1.b", "a.0." + "a" * 26, "..", "a.1." + "a" * 26 + "\n"])
def test_what_is_no_ticket_is_unknown(token: str) -> None:
    with pytest.raises(TicketUnknown):
        TICKETS.check(token, "GET")


@pytest.mark.parametrize(("made_for", "method"), [("PUT", "GET"), ("PUT", "HEAD"), ("GET", "PUT"), ("GET", "DELETE")])
def test_a_ticket_is_for_one_method(made_for: str, method: str) -> None:
    with pytest.raises(WrongMethod):
        TICKETS.check(TICKETS.token(Ticket("t", 1, made_for)), method)


def test_whoever_may_get_may_ask_for_the_head() -> None:
    assert TICKETS.check(TICKETS.token(Ticket("t", 1, "GET")), "HEAD").method == "GET"


def test_another_secret_makes_other_tickets() -> None:
    other = Tickets(b"0123456789abcdef0123456789abcdeX")
    with pytest.raises(TicketUnknown):
        other.check(TICKETS.token(Ticket("t", 1, "PUT")), "PUT")


def test_a_short_secret_is_refused_and_none_is_shown() -> None:
    with pytest.raises(ValueError, match="32"):
        Tickets(b"short")
    assert "0123" not in repr(TICKETS)


@pytest.mark.parametrize("text", ["", "a.b", "a/b", "a b", "ä", "a" * 129, "a\n"])
def test_an_id_that_cannot_stand_in_an_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="transfer"):
        require_transfer_id(text)
