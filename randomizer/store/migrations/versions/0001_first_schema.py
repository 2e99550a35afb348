"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

APPEND_ONLY = ("entry", "allocation", "checkpoint", "signature")
ERASURE = "NEW.content <> '' OR NEW.why <> '' OR NEW.number <> OLD.number"
SEALED_COLUMNS = "number, stratum, ordinal, randomization_number, kits, leaf_hash, proof, ciphertext"


def upgrade() -> None:
    """Create every table, then the triggers that keep the trail append-only."""
    _account()
    _alarm()
    _answered()
    _checkpoint()
    _entry()
    _lease()
    _notice()
    _site()
    _stratum()
    _trail_head()
    _trial()
    _credential()
    _entry_values()
    _participant()
    _role_grant()
    _session()
    _signature()
    _slot()
    _totp_use()
    _allocation()
    _code_break()
    _deviation()
    _kit()
    _period()
    _preparation_record()
    _product()
    _task()
    for table in APPEND_ONLY:
        _refuse(f"{table}_no_update", f"UPDATE ON {table}", "This table is append-only.")
        _refuse(f"{table}_no_delete", f"DELETE ON {table}", "This table is append-only.")
    _refuse("entry_values_no_delete", "DELETE ON entry_values", "Values are erased by an act, never deleted.")
    _refuse("entry_values_erase", "UPDATE ON entry_values", "Values are only erased.", when=ERASURE)
    _refuse("slot_no_delete", "DELETE ON slot", "A sealed row is never deleted.")
    # Rotation re-wraps slot keys; all else of a sealed row stays as the certificate has it.
    _refuse("slot_sealed", f"UPDATE OF {SEALED_COLUMNS} ON slot", "A sealed row never changes.")


def _refuse(name: str, event: str, sentence: str, when: str = "") -> None:
    condition = f"WHEN ({when})" if when else ""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} {condition} BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{sentence}'; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} FOR EACH ROW {condition} EXECUTE FUNCTION {name}()")


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("printed_name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("username"),
    )


def _alarm() -> None:
    op.create_table(
        "alarm",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("raised_at", sa.String(27), nullable=False),
        sa.Column("cleared_at", sa.String(27), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def _answered() -> None:
    op.create_table(
        "answered",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_digest", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("account", "key"),
    )


def _checkpoint() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )


def _entry() -> None:
    op.create_table(
        "entry",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("actor", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_entry_participant"), "entry", ["participant"], unique=False)


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("until_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _notice() -> None:
    op.create_table(
        "notice",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("queued_at", sa.String(27), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.String(27), nullable=True),
        sa.Column("sent_at", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )


def _site() -> None:
    op.create_table(
        "site",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("opened_at", sa.String(27), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )


def _stratum() -> None:
    op.create_table(
        "stratum",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("next_ordinal", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("low_water", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )


def _trail_head() -> None:
    op.create_table(
        "trail_head",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def _trial() -> None:
    op.create_table(
        "trial",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("phase", sa.String(64), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("definition_digest", sa.String(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("certificate_digest", sa.String(), nullable=False),
        sa.Column("activation_entry", sa.Integer(), nullable=False),
        sa.Column("locked_at", sa.String(27), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def _credential() -> None:
    op.create_table(
        "credential",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["account.number"],
        ),
        sa.PrimaryKeyConstraint("account"),
    )


def _entry_values() -> None:
    op.create_table(
        "entry_values",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"],
            ["entry.number"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )


def _participant() -> None:
    op.create_table(
        "participant",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("levels", sa.String(), nullable=False),
        sa.Column("corrected_levels", sa.String(), nullable=False),
        sa.Column("stratum", sa.String(), nullable=False),
        sa.Column("ending", sa.String(64), nullable=True),
        sa.Column("follow_up", sa.Boolean(), nullable=False),
        sa.Column("randomized_in_error", sa.Boolean(), nullable=False),
        sa.Column("replaces", sa.String(), nullable=False),
        sa.Column("consented_at", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site"],
            ["site.code"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_participant_site"), "participant", ["site"], unique=False)


def _role_grant() -> None:
    op.create_table(
        "role_grant",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("granted_at", sa.String(27), nullable=False),
        sa.Column("revoked_at", sa.String(27), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["account.number"],
        ),
        sa.PrimaryKeyConstraint("account", "role", "site"),
    )


def _session() -> None:
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("began_at", sa.String(27), nullable=False),
        sa.Column("seen_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["account.number"],
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )


def _signature() -> None:
    op.create_table(
        "signature",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("printed_name", sa.String(), nullable=False),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("signed_at", sa.String(27), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["account.number"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_signature_about"), "signature", ["about"], unique=False)


def _slot() -> None:
    op.create_table(
        "slot",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("randomization_number", sa.String(), nullable=False),
        sa.Column("kits", sa.Text(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("wraps", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stratum"],
            ["stratum.code"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("randomization_number"),
        sa.UniqueConstraint("stratum", "ordinal"),
    )


def _totp_use() -> None:
    op.create_table(
        "totp_use",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["account.number"],
        ),
        sa.PrimaryKeyConstraint("account"),
    )


def _allocation() -> None:
    op.create_table(
        "allocation",
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("randomization_number", sa.String(), nullable=False),
        sa.Column("allocated_at", sa.String(27), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"],
            ["participant.number"],
        ),
        sa.ForeignKeyConstraint(
            ["slot"],
            ["slot.number"],
        ),
        sa.PrimaryKeyConstraint("participant"),
        sa.UniqueConstraint("slot"),
    )


def _code_break() -> None:
    op.create_table(
        "code_break",
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("intended_at", sa.String(27), nullable=False),
        sa.Column("disclosed_at", sa.String(27), nullable=True),
        sa.Column("shown", sa.LargeBinary(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["account.number"],
        ),
        sa.ForeignKeyConstraint(
            ["participant"],
            ["participant.number"],
        ),
        sa.PrimaryKeyConstraint("intent"),
    )


def _deviation() -> None:
    op.create_table(
        "deviation",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.String(27), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"],
            ["participant.number"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )


def _kit() -> None:
    op.create_table(
        "kit",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("ready_at", sa.String(27), nullable=True),
        sa.Column("expires_at", sa.String(27), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["slot"],
            ["slot.number"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_kit_slot"), "kit", ["slot"], unique=False)


def _period() -> None:
    op.create_table(
        "period",
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("booked_for", sa.String(27), nullable=True),
        sa.Column("fit_signed_at", sa.String(27), nullable=True),
        sa.Column("deviation_signed_at", sa.String(27), nullable=True),
        sa.Column("preparation_begun_at", sa.String(27), nullable=True),
        sa.Column("preparation_ended_at", sa.String(27), nullable=True),
        sa.Column("kit", sa.String(), nullable=False),
        sa.Column("dispensed_at", sa.String(27), nullable=True),
        sa.Column("given_at", sa.String(27), nullable=True),
        sa.Column("stopped_at", sa.String(27), nullable=True),
        sa.Column("volume_ml", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=True),
        sa.Column("closed_at", sa.String(27), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"],
            ["participant.number"],
        ),
        sa.PrimaryKeyConstraint("participant", "period"),
    )


def _preparation_record() -> None:
    op.create_table(
        "preparation_record",
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["slot"],
            ["slot.number"],
        ),
        sa.PrimaryKeyConstraint("slot", "period"),
    )


def _product() -> None:
    op.create_table(
        "product",
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("donation", sa.Integer(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("harvested_at", sa.String(27), nullable=False),
        sa.Column("cleared_at", sa.String(27), nullable=True),
        sa.Column("failed_at", sa.String(27), nullable=True),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"],
            ["participant.number"],
        ),
        sa.PrimaryKeyConstraint("participant", "donation"),
    )


def _task() -> None:
    op.create_table(
        "task",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("opened_at", sa.String(27), nullable=False),
        sa.Column("done_at", sa.String(27), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"],
            ["participant.number"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    # ### end Alembic commands ###
