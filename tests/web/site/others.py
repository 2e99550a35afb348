"""Everybody but the pharmacist, at both doors, as programs: from consent to a kit that is on its way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from randomizer.domain.people import Role
from tests import activated
from tests.activated import FIT_FORM, SITE
from tests.desks import PASSED
from tests.web.site.programs import Program

if TYPE_CHECKING:
    from datetime import datetime

    from flask import Flask

    from tests.activated import Instance

AWAKE = timedelta(minutes=25)
CODE_BREAK_DOOR = frozenset({Role.CLEARER, Role.PREPARER})
FROZEN = {"form": "cryopreserved", "cell_count": "1.5e8", "viability": "91 %", "lot": "L-1"}


@dataclass
class Others:
    """Each signs in when their turn comes, and again when their session has run out.

    Args:
        instance: The trial.
        site: The site door.
        codebreak: The code-break door.
    """

    instance: Instance
    site: Flask
    codebreak: Flask
    signed_in: dict[Role, tuple[Program, datetime]] = field(default_factory=dict)

    def by(self, role: Role) -> Program:
        """The program of somebody in a role, signed in."""
        program, seen_at = self.signed_in.get(role, (None, self.instance.clock()))
        if program is None or self.instance.clock() - seen_at > AWAKE:
            app = self.codebreak if role in CODE_BREAK_DOOR else self.site
            program = Program(self.instance, app.test_client(), role).sign_in()
        self.signed_in[role] = program, self.instance.clock()
        return program

    def do(self, role: Role, path: str, body: dict[str, Any] | None = None, status: int = 200) -> Any:  # noqa: ANN401 - JSON
        return self.by(role).post(path, body or {}, status)

    def sign(self, role: Role, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        program = self.by(role)
        return program.post(path, (body or {}) | program.factor())

    def randomized(self) -> str:
        """A participant from consent over harvest and clearance to the allocation."""
        number: str = self.do(Role.COORDINATOR, "/participants", {"site": SITE}, 201)["participant"]["number"]
        items = {
            code: {"confirmed": answer.confirmed, "values": answer.values}
            for code, answer in activated.answers(self.instance.definition).items()
        }
        eligible = {"items": items, "levels": {"course": "relapsing"}}
        self.sign(Role.INVESTIGATOR, f"/participants/{number}/eligibility", eligible)
        donation = {"identifier": f"D-{number}", "again": f"D-{number}"}
        self.do(Role.COORDINATOR, f"/participants/{number}/harvest", donation)
        self.do(Role.CLEARER, f"/clearances/{number}/lots", FROZEN | {"results": PASSED})
        self.sign(Role.CLEARER, f"/clearances/{number}/clear")
        self.sign(Role.SPONSOR, f"/participants/{number}/go")
        self.sign(Role.INVESTIGATOR, f"/participants/{number}/randomize")
        return number

    def book(self, number: str, booked_for: datetime) -> None:
        self.do(Role.COORDINATOR, f"/participants/{number}/book", {"booked_for": booked_for.isoformat()})

    def fit(self, number: str) -> None:
        told = FIT_FORM | {"no_infection": True, "consent_stands": True}
        self.sign(Role.INVESTIGATOR, f"/participants/{number}/fit", told)

    def prepare(self, number: str, *, thaw: str = "", spoiled: bool = False) -> str:
        """The sheet is opened, the kit filled, labelled and sent; gives its number."""
        sheet = self.do(Role.PREPARER, f"/preparations/{number}/sheet")
        self.do(Role.PREPARER, f"/preparations/{number}/begin")
        kit: str = sheet["spares"][0] if spoiled else sheet["kit"]
        ended = FROZEN | {"ready": True, "kit": kit, "content": sheet["treatment"], "thaw": thaw}
        self.do(Role.PREPARER, f"/preparations/{number}/end", ended | {"spoiled": spoiled})
        self.do(Role.PREPARER, f"/preparations/{number}/labels", {"period": sheet["period"]})
        return kit

    def treated(self, number: str, kit: str) -> None:
        """A kit that is on its way is received, handed out and given."""
        self.do(Role.PHARMACIST, f"/participants/{number}/receive", {"kit": kit, "arrival": "sound"})
        self.do(Role.PHARMACIST, f"/participants/{number}/dispense", {"kit": kit})
        given = {"outcome": "given", "given_at": self.instance.clock().isoformat()}
        self.do(Role.CARE_PROVIDER, f"/participants/{number}/infusion", given)

    def answer(self, number: str, available_at: datetime | None) -> None:
        """The preparing pharmacist answers a request for another kit."""
        moment = available_at.isoformat() if available_at else None
        self.do(Role.PREPARER, f"/preparations/{number}/replacement", {"available_at": moment})
