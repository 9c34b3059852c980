package dev.vtxray.core.isa;

import dev.vtxray.core.cpu.GuestFault;

/** The rows for bytes that are no instruction: they decode like one and fault when they are reached. */
final class Undefined {
    /** No row fits: #UD. */
    static final Row ROW = fault("(undefined)", GuestFault.undefinedOpcode());
    /** More than 15 bytes: #GP(0). */
    static final Row TOO_LONG = fault("(too long)", GuestFault.generalProtection());

    private Undefined() {}

    private static Row fault(String mnemonic, GuestFault fault) {
        Rows rows = new Rows();
        rows.row(mnemonic, "FF /7", "").ends().does((c, i) -> {
            throw fault;
        });
        return rows.toList().get(0);
    }
}
